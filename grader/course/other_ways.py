"""Correct answers written another way, for who has found their own: the rewrites of a unit, as text."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.statement import as_written

FILE = "rewrites.py"


def other_ways(solutions: Path, exercise: str) -> dict[str, str]:
    """The rewrites of an exercise, by what each is called; none where a unit's solutions are not.

    `solutions` is the unit's folder. Each text has the helpers, constants and imports that the rewrite uses; one that uses
    the rewrite of another exercise, which may be yet to be written, is left out.

    {"least squares": "import numpy as np\\n\\n\\ndef project__least_squares(x, A):\\n    …"}
    """
    try:
        text = (solutions / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    parts = {name: node for node in ast.parse(text).body for name in _binds(node)}
    foreign = {node for name, node in parts.items() if "__" in name[1:] and name.partition("__")[0] != exercise}
    found = {}
    for name in parts:
        piece, _, how = name.partition("__")
        if piece == exercise and how and (used := _reached(name, parts)).isdisjoint(foreign):
            found[how.replace("_", " ")] = _joined(
                [node for node in dict.fromkeys(parts.values()) if node in used], text
            )
    return found


def _binds(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module gives a value."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case ast.Assign():
            yield from (each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name))


def _reached(name: str, parts: dict[str, ast.stmt]) -> set[ast.stmt]:
    """The statements that a definition needs, itself among them."""
    seen, waiting = set(), [name]
    while waiting:
        node = parts[waiting.pop()]
        if node not in seen:
            seen.add(node)
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            waiting += [each for each in used if each in parts]
    return seen


def _joined(nodes: Sequence[ast.stmt], text: str) -> str:
    """The lines of some statements, with the usual empty lines between them."""
    lines, joined = text.split("\n"), ""
    for before, node in zip([None, *nodes], nodes, strict=False):
        kinds = {_kind(before or node), _kind(node)}
        gap = "" if before is None else "\n\n\n" if "definition" in kinds else "\n" * len(kinds)
        joined += gap + as_written(node, lines)
    return joined


def _kind(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return "definition"
    return "import" if isinstance(node, ast.Import | ast.ImportFrom) else "constant"
