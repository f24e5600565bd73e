"""`grade dev new UNIT.EXERCISE`: add an exercise's skeleton to the five files of its unit, for its author to fill in.

`unit.running_mean` is a function, `unit.RunningMean` a class with a driver; with pieces, which the unit has already, it is a
training run. The skeleton's reference, oracle and rewrite raise, or a run's driver, and it has no mistakes and no hints, so that
`grade dev check` names what is still to be written.
"""

import ast
import keyword
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from grader.authoring.build import write
from grader.authoring.skeletons import CLASS, FILES, FUNCTION, RUN
from grader.course.course import Course
from grader.errors import GraderError, did_you_mean

RESERVED = {"checks", "oracles", "rewrites", "handout"}  # files that every unit has

FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_]*")
CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def new(course: Course, target: str, pieces: Sequence[str] = ()) -> list[Path]:
    """Add an exercise's skeleton, and its unit's files if they are missing; returns the written paths.

    With `pieces`, functions and classes of the unit's reference, it is a training run of these. GraderError for a name that
    cannot be used, an exercise that exists or a piece that does not. What is in a file already stays.
    """
    unit, name = _names(target)
    folder = course.root / "solutions" / unit
    if pieces:
        _refuse_run(folder / f"{unit}.py", name, pieces)
    skeleton = RUN if pieces else CLASS if CLASS_NAME.fullmatch(name) else FUNCTION
    words = {"unit": unit, "name": name, "title": unit.replace("_", " ").capitalize(), "snake": _in_snake_case(name)}
    words |= {"parameters": ", ".join(pieces), "listed": ", ".join(f'"{piece}"' for piece in pieces)}
    texts = {}
    listing = course.root / "solutions" / "course.toml"
    listed = _with_unit(listing, unit)
    for file, added in skeleton.items():
        path = folder / file.format(**words)
        before = _read(path) if path.exists() else FILES[file].format(**words)
        _refuse_existing(path, before, name)
        if path.name == "checks.py":
            before = _importing(path, before, ("Exercise", *(("reaches", "report") if pieces else ("agrees",))))
            if "np." in added and "np" not in _bound(path, before):
                before = re.sub(r"^(?=import |from )", "import numpy as np\n\n", before, count=1, flags=re.MULTILINE)
        texts[path] = before.rstrip("\n") + "\n" + added.format(**words)
    if listed != _read(listing):
        texts[listing] = listed  # last, so that a unit is listed only when its files exist
    for path, text in texts.items():
        write(path, text.encode())
    return list(texts)


def _refuse_run(reference: Path, name: str, pieces: Sequence[str]) -> None:
    """GraderError unless a training run can have this name and consist of these functions and classes of the reference."""
    if CLASS_NAME.fullmatch(name):
        raise GraderError(f"{name!r} cannot be a training run's name; it is named like_this")
    if not reference.is_file():
        raise GraderError(f"{reference} is not there; a training run is made of what its unit has: begin with that")
    text = _read(reference)
    _refuse_existing(reference, text, name)
    known = [node.name for node in _parse(reference, text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for piece in pieces:
        if piece not in known:
            raise GraderError(f"{reference} has no {piece} to train with{did_you_mean(piece, known)}")
    if twice := next((piece for number, piece in enumerate(pieces) if piece in pieces[:number]), ""):
        raise GraderError(f"the piece {twice} is named twice")


def _names(target: str) -> tuple[str, str]:
    unit, dot, name = target.partition(".")
    if not dot:
        raise GraderError(f"{target!r} names no exercise; write it as UNIT.EXERCISE, for example attention.causal_mask")
    for word in (unit, name):
        is_class = word is name and CLASS_NAME.fullmatch(word)
        if not (is_class or FUNCTION_NAME.fullmatch(word)) or keyword.iskeyword(word) or "__" in word:
            raise GraderError(
                f"{word!r} cannot be a name here; use lower-case letters, digits and single underscores, a letter first"
                + ("; a class is named LikeThis" if word is name else "")
            )
    if unit in RESERVED:
        raise GraderError(f"a unit cannot be called {unit!r}, as {unit} is a file that every unit has")
    return unit, name


def _in_snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _refuse_existing(path: Path, text: str, name: str) -> None:
    headings = re.findall(r"^## (\w+)\s*$", text, re.MULTILINE)
    if name in (headings if path.suffix == ".md" else _bound(path, text)):
        raise GraderError(f"{name} is already in {path}; choose another name, or edit it there")


def _bound(path: Path, text: str) -> set[str]:
    """The names that a module's top level binds by def, class, import or assignment."""
    names: set[str] = set()
    for node in _parse(path, text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name.split("__")[0] if path.name == "rewrites.py" else node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        else:
            names.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return names


def _importing(path: Path, text: str, wanted: tuple[str, ...]) -> str:
    """The text of checks.py with imports for the names that the skeleton uses, if they are missing."""
    missing = [word for word in wanted if word not in _bound(path, text)]
    if not missing:
        return text
    body = _parse(path, text).body
    ends = [node.end_lineno or 0 for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    after = max(ends) if ends else (body[0].end_lineno or 0) if ast.get_docstring(_parse(path, text)) else 0
    lines = text.split("\n")
    return "\n".join([*lines[:after], f"from grader.exercise import {', '.join(missing)}", *lines[after:]])


def _with_unit(path: Path, unit: str) -> str:
    """course.toml with the unit at the end of its list."""
    text = _read(path)
    try:
        units = tomllib.loads(text).get("units")
        if not isinstance(units, list):
            raise ValueError("it has no list of units")
        if unit in units:
            return text
        found = re.search(r"^(units\s*=\s*\[)([^\]]*?)(,?\s*\])", text, re.MULTILINE)
        if not found:
            raise ValueError("its list of units has a form that cannot be added to")
        start, inside, end = found.groups()
        comma = ", " if inside.strip() else ""
        listed = text.replace(start + inside + end, f'{start}{inside}{comma}"{unit}"{end}', 1)
        if tomllib.loads(listed)["units"] != [*units, unit]:
            raise ValueError("its list of units has a form that cannot be added to")
    except ValueError as error:
        raise GraderError(f'{path}: add "{unit}" to its units by hand: {error}') from None
    return listed


def _parse(path: Path, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise GraderError(f"{path}, line {error.lineno}: {error.msg}; mend it first") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GraderError(f"cannot read {path}: {error}; a new exercise needs the course's solutions") from None
