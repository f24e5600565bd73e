"""`grade init DIR`: create a student's folder from an installed package: handouts, stubs, keys, no solutions."""

import importlib.resources
import os
from importlib.resources.abc import Traversable
from pathlib import Path

from rich.text import Text

from grader.course.course import Course
from grader.course.packaged import packaged
from grader.errors import GraderError
from grader.files import write_whole
from grader.render.terminal import make_console
from grader.scratch import Scratch
from grader.text import one_line
from grader.updating import came
from grader.updating.newer import of_folder


def init(place: str, name: str | None = None) -> None:
    """Make a student's folder, of the grader's own course or of the installed one of a name, and say what to do in it."""
    root = Path(place)
    course = make(brought(name), root, came.package(name))
    count = sum(len(course.exercises(unit)) for unit in course.units)
    console = make_console()
    has = f"{len(course.units)} unit{'' if len(course.units) == 1 else 's'} with {count} exercise{'' if count == 1 else 's'}"
    words = f"{root} has {has}: read and write in {root / 'assignments'}."
    console.print(Text(words), soft_wrap=True)
    go = "grade" if root.resolve() == Path.cwd() else f"cd {root}, then grade"
    console.print(Text("Next: ", "bold").append(go), soft_wrap=True)


def brought(name: str | None = None) -> Traversable:
    """The assignments in the grader's package, in a clone those beside it; or those of the installed course of a name."""
    if name is not None:
        if not (folder := packaged().get(name)):
            known = ", ".join(sorted(packaged())) or "none"
            raise GraderError(f"no package with a course {one_line(name)!r} is installed; courses that are: {known}")
        return folder / "assignments"
    inside = importlib.resources.files("grader") / "_course" / "assignments"
    beside = Path(__file__).resolve().parents[2] / "assignments"
    for folder in (inside, beside):
        if (folder / "course.toml").is_file():
            return folder
    raise GraderError("this installation brings no course; install the grader's wheel, or clone its repository")


def make(source: Traversable, root: Path, origin: str) -> Course:
    """A course's folder with the assignments copied into it, whole or not at all; nothing that is there is touched.

    Their `origin` is kept for `grade update`.
    """
    target = root / "assignments"
    if os.path.lexists(target):
        raise GraderError(f"{target} is there already, and nothing was changed; name a new folder")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with Scratch(str(root)) as folder:
            copy = Path(folder) / "assignments"
            _copy(source, copy)
            came.keep(copy, came.of_files(of_folder(source), origin))
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
