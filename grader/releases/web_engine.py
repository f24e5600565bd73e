"""The two parts of the grader that a web page needs, as zips: what judges, and what runs beside a student's code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from grader.releases.wheels import zipped

ROOT = Path(__file__).resolve().parents[2]
JUDGE, STUDENT = "grader.web.page_judge", "grader.sandbox.inside.in_page"
KINDS = "grader.judging.kinds"  # loaded by their names
FACES = ("grader", "grader.grading")  # packages whose `__init__` leads on to what only a terminal or a notebook needs


def judge() -> bytes:
    """The judge's zip: all that can be reached from it, and every kind of check."""
    kinds = [f"{KINDS}.{path.stem}" for path in sorted((ROOT / "grader" / "judging" / "kinds").glob("[a-z]*.py"))]
    return _zip([JUDGE, *kinds])


def student() -> bytes:
    """The zip of what lies beside a student's code: no judging, no key."""
    return _zip([STUDENT])


def reached(first: list[str]) -> list[str]:
    """The modules of ours that some import, wherever in their text, and those that these import, in order of their names."""
    seen: set[str] = set()
    waiting = list(first)
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += [] if name in FACES else _imported(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
    return sorted(seen)


def _zip(first: list[str]) -> bytes:
    files = {}
    for name in reached(first):
        path = _file(name)
        files[path.relative_to(ROOT).as_posix()] = b"" if name in FACES else path.read_bytes()
    return zipped(files)


def _file(name: str) -> Path:
    path = ROOT / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imported(name: str) -> Iterator[str]:
    for node in _imports(ast.parse(_file(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [each.name for each in node.names]
        else:
            found = [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        yield from (each for each in found if each.partition(".")[0] == "grader" and _file(each).is_file())


def _imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports below a node, without those that are for types alone."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if is_for_types else ast.iter_child_nodes(node):
        yield from _imports(child)
