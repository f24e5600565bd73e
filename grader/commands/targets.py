"""Turn the arguments of `grade` into the files to grade, each with its unit and the exercises that are asked for."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader import submission
from grader.commands.check_options import Options
from grader.course.course import Course
from grader.course.sides import NO_COURSE, Found, hold_solutions, required
from grader.errors import CourseError, GraderError, did_you_mean
from grader.frozen import frozen
from grader.key import load_index

SUFFIXES = (".py", ".ipynb")


@frozen
class Target:
    """A file to grade, its unit, the exercises that were asked for (empty: all), and the folder that was named."""

    file: Path
    unit: str
    only: tuple[str, ...] = ()
    root: Path | None = None


def targets_of(found: Found | None, options: Options) -> list[Target]:
    """The files to grade: those named, or the whole course. CourseError if --seed might run a student's solutions."""
    course, unit = found and found.course, options.unit
    if options.key_file and not unit:
        unit = load_index(Path(options.key_file)).unit
    targets = list(_targets(options.targets, unit, course) if options.targets else _everything(course))
    if options.runs_solutions:
        hold_solutions(found, [target.file for target in targets])
    return targets


def _targets(names: Sequence[str], unit: str | None, course: Course | None) -> Iterator[Target]:
    """The targets that the names stand for, one per file; exercises of one unit are joined."""
    wanted: dict[Path, Target] = {}
    for name in names:
        for target in _resolve(name, unit, course):
            known = wanted.get(target.file)
            both = known and known.only and target.only
            wanted[target.file] = replace(target, only=known.only + target.only) if both else target
    yield from wanted.values()


def _is_name(name: str) -> bool:
    """Whether a word can be the name of a unit or an exercise: not a path, and without a submission's suffix."""
    return os.sep not in name and Path(name).suffix not in SUFFIXES


def is_of_course(name: str, course: Course | None) -> bool:
    """Whether a word names a unit of a course, or an exercise of one."""
    return course is not None and _is_name(name) and name.partition(".")[0] in course.units


def _resolve(name: str, unit: str | None, course: Course | None) -> Iterator[Target]:
    path = Path(name)
    if course and is_of_course(name, course):
        found, exercise = course.resolve(name)
        yield Target(course.assignment(found), found, (exercise,) if exercise else ())
    elif path.is_dir():
        files = _files_in(path, course.units if course else [_required_unit(unit)])
        if not files:
            raise GraderError(
                f"{name} holds no file named after a unit; name a file, with --unit if its name does not tell"
            )
        for file in files:
            yield Target(file, unit or file.stem, root=path)
    elif path.exists():
        yield Target(path, unit or _unit_of(path, course))
    elif _is_name(name):
        found, exercise = required(course).resolve(name)  # or it says what there is instead
        yield Target(required(course).assignment(found), found, (exercise,))
    else:
        near = sorted(path.parent.glob("*.py")) if path.parent.is_dir() else []
        raise GraderError(f"there is no file {name}{did_you_mean(name, [str(item) for item in near][:20])}")


def _required_unit(unit: str | None) -> str:
    """The unit from --unit or --key, needed if there is no course."""
    if unit is None:
        raise CourseError(NO_COURSE)
    return unit


def _files_in(folder: Path, units: Sequence[str]) -> list[Path]:
    """The files below a folder that are named after a unit; a .py file goes before a notebook beside it."""
    found = {file for suffix in SUFFIXES for file in folder.rglob(f"*{suffix}") if file.stem in units}
    return sorted(file for file in found if file.suffix == ".py" or file.with_suffix(".py") not in found)


def _unit_of(path: Path, course: Course | None) -> str:
    """The unit of a file: the one in its name, else the one of which it defines most."""
    if course is None or path.stem in course.units:
        return path.stem
    handed_in = submission.read(path)
    counts = {unit: sum(handed_in.defines(name) for name in course.exercises(unit)) for unit in course.units}
    best = max(counts, key=lambda unit: counts[unit], default="")
    if not best or not counts[best]:
        units = ", ".join(course.units)
        raise GraderError(f"cannot tell which unit {path} belongs to; add --unit UNIT, one of {units}")
    return best


def _everything(course: Course | None) -> Iterator[Target]:
    course = required(course)
    for unit in course.units:
        yield Target(course.assignment(unit), unit)
