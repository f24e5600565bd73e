"""The levels of isolation have one home."""

import ast

from conftest import ROOT
from house import House

from grader.commands.doctor import HOLDS
from grader.sandbox.walls.levels import FOR_STRANGERS, LEVELS

HOME = "grader.sandbox.walls.levels"


def lists_levels(node: ast.AST) -> bool:
    """Whether a piece of code is a row of levels."""
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        return False
    return len(set(LEVELS) & {item.value for item in node.elts if isinstance(item, ast.Constant)}) > 2


def test_the_row_of_levels_is_written_down_once():
    trees = {name: ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name, path in House(ROOT).files.items()}
    assert [name for name, nodes in trees.items() if any(map(lists_levels, nodes))] == [HOME]


def test_the_doctor_has_a_sentence_for_each_level():
    assert tuple(HOLDS) == LEVELS


def test_a_class_is_marked_at_the_last_level_that_keeps_files_from_submissions():
    below = LEVELS[LEVELS.index(FOR_STRANGERS) + 1 :]
    assert "every file" in HOLDS[FOR_STRANGERS]
    assert "can read your files" in HOLDS[below[0]]
