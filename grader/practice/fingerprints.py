"""Which code an exercise depends on: a hash for each name in a file, over its definition and everything that it uses.

Two files give a name the same hash if it behaves the same in both: layout, comments and docstrings do not count, nor do
definitions that it does not use. The text is parsed and never run.
"""

import ast
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.key import ExerciseKey
from grader.sandbox.inside.reading import bound_names, parse
from grader.submission import Submission

# Code that uses one of these can reach any definition by a string, so then the whole file counts.
BY_TEXT = frozenset({"eval", "exec", "globals", "vars", "locals", "__import__", "importlib", "sys"})
WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment"})


@dataclass
class _Part:
    """One top-level statement: its normalised form as bytes, and the names in it."""

    form: bytes
    names: frozenset[str]


@dataclass
class _File:
    """A file's statements by the names they define; those in `always`, such as `np.seterr(...)`, affect every name."""

    parts: dict[str, list[_Part]] = field(default_factory=lambda: defaultdict(list))
    always: list[_Part] = field(default_factory=list)


def fingerprints(source: bytes, file: str, helpers: Sequence[tuple[str, bytes]] = ()) -> dict[str, str]:
    """A hash for each name that a file defines at its top level; of the whole file if its block does not parse."""
    try:
        tree, reading = parse(source, file)
        known = _read(tree, dict(helpers))
    except (RecursionError, MemoryError):
        return {}
    found = {name: _hash_of_reach(name, known) for name in known.parts}
    whole = hashlib.sha256(source).hexdigest()
    return found | {name: whole for problem in reading.problems for name in problem["names"]}


def of_submission(handed_in: Submission) -> dict[str, str]:
    """The `fingerprints` of what was handed in."""
    return fingerprints(handed_in.source, handed_in.file, handed_in.helpers)


def of_exercises(found: Mapping[str, str], exercises: Sequence[ExerciseKey]) -> dict[str, str]:
    """For each exercise the joined hashes, of those found, of the names that it uses, usually only its own; empty if none is
    defined."""
    return {
        exercise.name: "".join(found.get(name, "") for name in exercise.pieces or [exercise.name])
        for exercise in exercises
    }


def _read(tree: ast.Module, helpers: Mapping[str, bytes]) -> _File:
    known = _File()
    for node in tree.body:
        part = _part(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            part = _with_helpers(node, part, helpers)
        names = bound_names(node)
        if _only_defines(node) and names and "*" not in names:
            for name in names:
                known.parts[name].append(part)
        elif not _is_inert(node):
            known.always.append(part)
            for name in names:
                known.parts.setdefault(name, [])
    return known


def _only_defines(node: ast.stmt) -> bool:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return isinstance(node, kinds | ast.Assign | ast.AnnAssign)


def _is_inert(node: ast.stmt) -> bool:
    """Whether a statement has no effect on import: a docstring, or what runs only if the file is the main program."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.If) and any(
        isinstance(item, ast.Name) and item.id == "__name__" for item in ast.walk(node.test)
    )


def _with_helpers(node: ast.Import | ast.ImportFrom, part: _Part, helpers: Mapping[str, bytes]) -> _Part:
    """An import statement; one of the student's own modules includes the text of all helper modules."""
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    if not any(module.partition(".")[0] in helpers for module in modules):
        return part
    return _Part(part.form + b"".join(helpers.values()), part.names)


def _hash_of_reach(name: str, known: _File) -> str:
    """The hash of a name's statements, of all those it uses directly or indirectly, and of those that always run."""
    reached: dict[str, list[_Part]] = {}
    waiting = [name, *(other for part in known.always for other in part.names)]
    while waiting:
        here = waiting.pop()
        if here in reached or here not in known.parts:
            continue
        reached[here] = known.parts[here]
        for part in known.parts[here]:
            waiting.extend(known.parts if part.names & BY_TEXT else part.names)
    hashed = hashlib.sha256()
    for here in sorted(reached):
        for part in reached[here]:
            hashed.update(here.encode() + b"\0" + part.form + b"\0")
    for part in known.always:
        hashed.update(part.form + b"\0")
    return hashed.hexdigest()


def _part(node: ast.AST) -> _Part:
    """A statement without its layout, as bytes. Unlike `ast.dump`, they are the same in every version of Python."""
    pieces: list[str] = []
    names: set[str] = set()
    _write(node, pieces, names)
    return _Part("".join(pieces).encode("utf-8", "surrogatepass"), frozenset(names))


def _write(item: Any, pieces: list[str], names: set[str]) -> None:
    """Put the form of a part of the tree into `pieces`, and the names in it into `names`."""
    if isinstance(item, ast.AST):
        if isinstance(item, ast.Name):
            names.add(item.id)
        elif isinstance(item, ast.Global):
            names.update(item.names)
        pieces.append(f"({type(item).__name__}")
        for name in item._fields:
            value = getattr(item, name, None)
            if value is not None and value != [] and name not in WITHOUT_MEANING:
                pieces.append(f" {name}=")
                _write(value, pieces, names)
        pieces.append(")")
    elif isinstance(item, list):
        pieces.append("[")
        for part in item:
            if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
                continue  # a docstring, or another string that is a statement
            _write(part, pieces, names)
            pieces.append(",")
        pieces.append("]")
    else:
        pieces.append(f"{type(item).__name__}:{item!r}")
