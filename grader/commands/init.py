"""`grade init DIR`: create a student's folder from the installed package: handouts, stubs, keys, no solutions."""

import importlib.resources
import os
from importlib.resources.abc import Traversable
from pathlib import Path

from rich.text import Text

from grader.course.course import Course
from grader.errors import GraderError
from grader.files import write_whole
from grader.render.terminal import make_console
from grader.scratch import Scratch
from grader.updating import came
from grader.updating.newer import of_folder


def init(place: str) -> None:
    """Make a student's folder and say what to do in it."""
    root = Path(place)
    course = make(brought(), root)
    count = sum(len(course.exercises(unit)) for unit in course.units)
    console = make_console()
    words = f"{root} has {len(course.units)} units with {count} exercises: read and write in {root / 'assignments'}."
    console.print(Text(words), soft_wrap=True)
    go = "grade" if root.resolve() == Path.cwd() else f"cd {root}, then grade"
    console.print(Text("Next: ", "bold").append(go), soft_wrap=True)


def brought() -> Traversable:
    """The assignments in the package; in a clone, those beside it."""
    inside = importlib.resources.files("grader") / "_course" / "assignments"
    beside = Path(__file__).resolve().parents[2] / "assignments"
    for folder in (inside, beside):
        if (folder / "course.toml").is_file():
            return folder
    raise GraderError("this installation brings no course; install the grader's wheel, or clone its repository")


def make(source: Traversable, root: Path) -> Course:
    """A course's folder with the assignments copied into it, whole or not at all; nothing that is there is touched."""
    target = root / "assignments"
    if os.path.lexists(target):
        raise GraderError(f"{target} is there already, and nothing was changed; name a new folder")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with Scratch(str(root)) as folder:
            copy = Path(folder) / "assignments"
            _copy(source, copy)
            came.keep(copy, came.of_files(of_folder(source), came.PACKAGE))
            copy.rename(target)
    except OSError as error:
        raise GraderError(f"cannot make {root}: {error.strerror}; name another folder") from None
    return Course(root)


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir()
    for item in source.iterdir():
        if item.name.startswith((".", "__")) or item.name.endswith(".bak"):
            continue
        if item.is_dir():
            _copy(item, target / item.name)
        else:  # the content alone: a package's files may be read-only
            write_whole(target / item.name, item.read_bytes(), is_lasting=False)
