"""The files of a unit's demo, in the folder `demo` beside its reference: a script and what it reads."""

import ast
from collections.abc import Mapping

from grader.course.author_code import UnitError, authored
from grader.course.unit import Unit
from grader.demos.playing import FOLDER, SCRIPT, needs, title
from grader.exercise import Exercise

AUTHOR_S = ("make.py", "__pycache__")  # how an author made the data: it stays with the solutions
LIMIT = 1 << 20  # bytes in all: students' folders stay small


def has_demo(unit: Unit) -> bool:
    """Whether students get a demo: not where there is none, nor where a course leaves out an exercise that it needs.

    UnitError where the script does not say what it needs, or needs what the unit does not ask for.
    """
    folder = unit.folder / FOLDER
    if not folder.is_dir():
        return False
    script = folder / SCRIPT
    with authored("", folder):
        tree = ast.parse(script.read_bytes() if script.is_file() else b"", str(script))
    try:
        used = needs(tree)
    except ValueError as error:
        raise UnitError(f"{script}: {error}") from None
    if not title(tree):
        raise UnitError(f"{script} has no docstring; its first line says what the demo shows")
    if strange := [name for name in used if name not in _pieces(unit.all_exercises)]:
        raise UnitError(f"{script} needs {strange[0]!r}, which no exercise of {unit.name} asks for")
    return _pieces(unit.exercises).issuperset(used)


def demo_files(unit: Unit) -> dict[str, bytes]:
    """The files that students get, by their path in the unit's folder; empty where they get no demo.

    UnitError as for `has_demo`, and where the files are too large.
    """
    if not has_demo(unit):
        return {}
    folder = unit.folder / FOLDER
    paths = [path for path in sorted(folder.iterdir()) if path.name not in AUTHOR_S and not path.name.startswith(".")]
    files = {f"{FOLDER}/{path.name}": path.read_bytes() for path in paths}
    if (size := sum(map(len, files.values()))) > LIMIT:
        raise UnitError(f"{folder} has {size} bytes; {LIMIT} are the most")
    return files


def _pieces(exercises: Mapping[str, Exercise]) -> set[str]:
    return {piece for name, exercise in exercises.items() for piece in (exercise.pieces or [name])}
