"""The files of a unit's demo, in the folder `demo` beside its reference: a script and what it reads."""

import ast

from grader.course.author_code import UnitError, authored
from grader.course.unit import Unit
from grader.demos.playing import FOLDER, SCRIPT, needs, title

AUTHOR_S = ("make.py", "__pycache__")  # how an author made the data: it stays with the solutions
LIMIT = 1 << 20  # bytes in all: students' folders stay small


def demo_files(unit: Unit) -> dict[str, bytes]:
    """The files that students get, by their path in the unit's folder; empty where there is no demo.

    UnitError where the script does not say what it needs, or needs what the unit does not ask for. Where a course leaves out
    an exercise that the demo needs, it leaves out the demo.
    """
    folder = unit.folder / FOLDER
    if not folder.is_dir():
        return {}
    paths = [path for path in sorted(folder.iterdir()) if path.name not in AUTHOR_S and not path.name.startswith(".")]
    files = {f"{FOLDER}/{path.name}": path.read_bytes() for path in paths}
    script = folder / SCRIPT
    with authored("", folder):
        tree = ast.parse(files.get(f"{FOLDER}/{SCRIPT}", b""), str(script))
    try:
        used = needs(tree)
    except ValueError as error:
        raise UnitError(f"{script}: {error}") from None
    if not title(tree):
        raise UnitError(f"{script} has no docstring; its first line says what the demo shows")
    known = {piece for name, exercise in unit.all_exercises.items() for piece in (exercise.pieces or [name])}
    if strange := [name for name in used if name not in known]:
        raise UnitError(f"{script} needs {strange[0]!r}, which no exercise of {unit.name} asks for")
    if (size := sum(map(len, files.values()))) > LIMIT:
        raise UnitError(f"{folder} has {size} bytes; {LIMIT} are the most")
    kept = {piece for name, exercise in unit.exercises.items() for piece in (exercise.pieces or [name])}
    return files if kept.issuperset(used) else {}
