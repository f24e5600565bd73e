"""The house keeps its walls: imports point down, nothing runs in a circle, and every room's tests are where one looks for them."""

import ast
from collections import Counter

import pytest
from conftest import ROOT
from house import House, circles

HOUSE = House(ROOT)
# From the roof to the ground; a room imports rooms of lower floors only. `grader.` is left out.
FLOORS = """
cli
commands
classroom.platforms, classroom.reading
classroom.gradebooks
classroom, classroom.marking, releases, grader
authoring, notebook, watching, updating, web
grading
diagnosis, render, compiling, snippets
course, practice
demos
classroom.fetching
classroom.intake, exercise
judging.kinds
answer, judging
key
draw, record, submission, sandbox.inside
sandbox, report, files, beneath, secret
errors, typed, sandbox.walls
nest, statement, text, passwords, scratch, version, ctrl_c, one_host, identity
frozen
"""
LINES, BODY = 300, 40  # of a file and of a function
PARAMETERS = 6  # of a function of the command line: what is more is one thing, and has a name
SCARED = tuple(f"grader.sandbox.{name}" for name in ("inside", "walls", "wire", "frameworks"))  # beside hostile code
MIRRORS = {"classroom": "classroom/gradebooks"}


def floors() -> dict[str, int]:
    rows = [line.split(", ") for line in FLOORS.split("\n") if line]
    return {name if name in ("cli", "grader") else f"grader.{name}": -n for n, row in enumerate(rows) for name in row}


def test_imports_point_down():
    floor = floors()
    assert set(HOUSE.arrows) - set(floor) == set(), "a room without a floor: give it one in FLOORS"
    up = [(room, other) for room, others in HOUSE.arrows.items() for other in others if floor[other] >= floor[room]]
    assert up == []


def test_nothing_imports_itself_by_a_detour():
    assert circles(HOUSE.arrows) == []
    assert circles(HOUSE.imports) == []


def test_a_circle_would_be_seen():
    assert circles({"a": "b", "b": "c", "c": "b", "d": "a", "e": ""}) == [["b", "c"]]


def test_what_lies_beside_hostile_code_says_so_by_its_path():
    seen, waiting = set(), [name for name in HOUSE.files if name.startswith("grader.sandbox.inside.")]
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += HOUSE.imports[name]
    assert [name for name in sorted(seen) if not name.startswith(SCARED)] == []


def test_two_files_in_different_rooms_do_not_share_a_name():
    count = Counter(path.stem for path in HOUSE.files.values() if path.name != "__init__.py")
    assert [name for name, times in count.items() if times > 1] == []


@pytest.mark.parametrize("path", sorted(HOUSE.files.values()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_and_a_function_can_be_read_at_once(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if node.end_lineno - node.lineno + 1 > BODY] == []


@pytest.mark.parametrize(
    "name", [name for name in HOUSE.files if name == "cli" or HOUSE.room(name) == "grader.commands"]
)
def test_options_of_a_command_travel_together(name):
    functions = [
        node
        for node in ast.walk(ast.parse(HOUSE.files[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    counts = {node.name: len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]) for node in functions}
    assert {function: count for function, count in counts.items() if count > PARAMETERS} == {}


def test_every_room_has_its_tests_in_a_folder_of_its_name():
    rooms = {
        path.parent.relative_to(ROOT / "grader").as_posix() for path in HOUSE.files.values() if path.name != "cli.py"
    }
    without = [room for room in sorted(rooms) if not list((ROOT / "tests" / MIRRORS.get(room, room)).glob("test_*.py"))]
    assert without == []


def test_tests_of_different_rooms_do_not_share_a_name():
    count = Counter(path.stem for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in count.items() if times > 1] == []
