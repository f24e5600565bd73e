"""Read a submission's text without running it: parse what parses, report what does not. Runs in the worker.

A notebook's code cells are read one after another, as if they stood in one file; outputs and texts are left out.

A broken function must not affect the others, so the top-level block with a syntax error is blanked and the rest is
parsed again. Everything that is reported here is known before the first line of the student's code runs.
"""

import __future__

import ast
import io
import re
import sys
import tokenize
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from grader.sandbox.inside.notebook_lines import code_cells, only_shows
from grader.sandbox.inside.operations import first_use, names_of

MAX_BROKEN = 40  # blocks with syntax errors; after these, the rest of the file is not read
STARTS_BLOCK = re.compile(r"[^\s#)\]}'\"]")
BLAMED_LINE = re.compile(r"on line (\d+)")


@dataclass
class Reading:
    """`statements` are (line, names bound, code), to be run one by one; `problems` are data for the report."""

    statements: list[tuple[int, list[str], CodeType]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    definitions: dict[str, int] = field(default_factory=dict)
    text: str = ""
    cells: list[list[int]] = field(default_factory=list)  # in a notebook: [first line, number] of each code cell

    def problem(self, kind: str, line: int, message: str, names: Collection[str] = ()) -> None:
        self.problems.append({"kind": kind, "line": line, "message": message[:400], "names": list(names)})

    def outline(self) -> dict[str, Any]:
        """The reply to `read`: what the grader learns before any of the student's code runs."""
        return {
            "problems": self.problems,
            "definitions": self.definitions,
            "lines": self.text.split("\n") if self.cells else [],
            "cells": self.cells,
        }


def read(
    source: bytes,
    file: str,
    allows: Collection[str],
    forbids: Mapping[str, Sequence[str]] | None = None,
    helpers: Mapping[str, bytes] | None = None,
) -> Reading:
    """Parse a submission. Never raises: what cannot be read is a problem of kind "unreadable", "syntax" or "forbidden".

    `forbids` names operations for each exercise; the first use of one, in the file or in a function of `helpers` that
    the exercise names, is a problem of kind "operation".
    """
    tree, reading = parse(source, file)
    flags, lines = _future_flags(tree), reading.text.split("\n")
    for node in tree.body:
        if reading.cells and only_shows(node):
            continue
        names = bound_names(node)
        if any("import" in line for line in lines[node.lineno - 1 : node.end_lineno]):
            _note_imports(node, names, allows, reading)
        try:
            code = compile(ast.Module([node], []), file, "exec", flags=flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reading.problem("syntax", getattr(error, "lineno", None) or node.lineno, _reason(error), names)
            continue
        for name in names:
            reading.definitions[name] = node.lineno
        reading.statements.append((node.lineno, names, code))
    own = names_of(tree)
    for exercise, operations in (forbids or {}).items():
        if use := first_use(own, exercise, operations) or _use_in_helpers(tree, exercise, operations, helpers or {}):
            reading.problem("operation", *use, [exercise])
    return reading


def parse(source: bytes, file: str) -> tuple[ast.Module, Reading]:
    """The syntax tree of what parses in a file or a notebook's code, and a reading with the text and the problems."""
    reading = Reading()
    text = _decode(source, reading)
    if text is not None and file.endswith(".ipynb"):
        text = _code_of_notebook(text, reading)
    reading.text = text or ""
    return (ast.Module([], []) if text is None else _parse(text, reading)), reading


def unreadable(source: bytes, file: str) -> str:
    """Why a file cannot be read at all, be it right or wrong; empty if it can. Nothing of it is parsed as Python."""
    reading = Reading()
    text = _decode(source, reading)
    if text is not None and file.endswith(".ipynb"):
        _code_of_notebook(text, reading)
    return next((problem["message"] for problem in reading.problems), "")


def _use_in_helpers(
    tree: ast.Module, exercise: str, operations: Sequence[str], helpers: Mapping[str, bytes]
) -> tuple[int, str] | None:
    """(line, operation) of the first forbidden use in a helper; the line is where the exercise names the function."""
    if not helpers:
        return None
    nodes = [node for top in tree.body if exercise in bound_names(top) for node in ast.walk(top)] if operations else []
    named = {name: node.lineno for node in nodes if (name := getattr(node, "attr", None) or getattr(node, "id", None))}
    for module, content in helpers.items():
        try:
            helper = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # importing it reports the error
        own = names_of(helper)
        for name in {name for top in helper.body for name in bound_names(top)} & set(named):
            if use := first_use(own, name, operations):
                return named[name], f"{use[1]} in {module}.py (line {use[0]})"
    return None


def bound_names(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    stored = (item for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store))
    return sorted({item.id for item in stored})


def _decode(source: bytes, reading: Reading) -> str | None:
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return reading.problem("unreadable", 1, "the file is UTF-16; save it as UTF-8")
    if (nul := source.find(b"\0")) >= 0:
        return reading.problem(
            "unreadable", 1, f"byte {nul} of the file is NUL: this is not Python text; save it as UTF-8"
        )
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        return reading.problem(
            "unreadable", 1, f"byte {error.start} of the file is not {error.encoding}; save it as UTF-8"
        )
    except (SyntaxError, LookupError) as error:
        return reading.problem("unreadable", 1, f"{error}; save the file as UTF-8"[:300])


def _code_of_notebook(text: str, reading: Reading) -> str | None:
    """The code cells of a notebook as one text."""
    try:
        cells = code_cells(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return reading.problem("unreadable", 1, f"this is not a notebook of format 4 ({type(error).__name__})")
    lines: list[str] = []
    for number, source in cells:
        reading.cells.append([len(lines) + 1, number])
        lines += source
    return "\n".join(lines)


def _parse(text: str, reading: Reading) -> ast.Module:
    lines = text.split("\n")
    for _ in range(MAX_BROKEN):
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            line = _blamed(error, len(lines))
            first, last = block(lines, line)
            named = re.search(r"(?:def|class)\s+(\w+)", "\n".join(lines[first:last]))
            reading.problem("syntax", line, _reason(error), [named[1]] if named else [])
            lines[first:last] = [""] * (last - first)
        except (ValueError, RecursionError, MemoryError) as error:
            reading.problem("unreadable", 1, f"Python cannot parse this file: {_reason(error)}")
            break
    return ast.Module([], [])


def _blamed(error: SyntaxError, count: int) -> int:
    """The line of a syntax error. For a missing body Python reports the next line; its message has the right one."""
    named = BLAMED_LINE.search(str(error.msg))
    line = int(named[1]) if named else error.lineno or count
    return min(max(line, 1), count)


def block(lines: list[str], line: int) -> tuple[int, int]:
    """The top-level block around a line (counted from 1) as a half-open range from 0; it is never blank."""
    starts = [i for i, text in enumerate(lines) if STARTS_BLOCK.match(text)]
    before = [i for i in starts if i < line]
    first = before[-1] if before else 0
    while first > 0 and lines[first - 1].startswith("@"):
        first -= 1
    head = first
    while head < len(lines) - 1 and lines[head].startswith("@"):
        head += 1
    last = next((i for i in starts if i > max(head, first)), len(lines))
    if not any(text.strip() for text in lines[first:last]):
        return 0, len(lines)
    return first, last


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, RecursionError | MemoryError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {error}"


def _future_flags(tree: ast.Module) -> int:
    """The compiler flags of a file's `from __future__` imports, for compiling its statements one by one."""
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
    return flags


def _note_imports(node: ast.stmt, names: Collection[str], allows: Collection[str], reading: Reading) -> None:
    """Note a problem, with its line number, for each import that will be refused when it runs."""
    for item in ast.walk(node):
        if isinstance(item, ast.Import):
            modules = [alias.name for alias in item.names]
        elif isinstance(item, ast.ImportFrom) and not item.level:
            modules = [item.module or ""]
        else:
            continue
        for module in modules:
            top = module.split(".")[0]
            if top not in allows and top not in sys.stdlib_module_names:
                reading.problem("forbidden", item.lineno, top, names)
