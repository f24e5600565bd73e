"""Whose course is it: the instructor's, or part of what was handed in? A course that was handed in decides nothing.

A course is named with `--course DIR` (or `--course NAME`, if a package brought it), or it is the nearest one from the
current directory upwards, or the one that contains the grader itself. It is never searched for around a target. A course
that was not named is compared with what is graded:

- It lies inside a folder that is graded, so somebody handed it in. It is refused, and the error says how to name another.
- What is graded lies inside it. Then the user is a student in their own folder, an author, or an instructor who keeps
  submissions inside the course; or an instructor whose current directory is inside a submission. Nothing on the disk
  tells these apart, so the course is named on screen before it is used. Its keys are data, and practising with them
  runs nothing. Its solutions (`--seed`) run as the user, without a sandbox, so they run only if it is certain whose
  they are: the grader lies in the same folder, so that its code runs already; or the target is a file of `solutions/`,
  which a student's folder does not have. In all other cases the user confirms with `--course` that the course is their
  own. `grade class` runs the solutions of a course that contains the class's folder, because no student hands in a
  folder with a whole class in it.
- It has nothing to do with what is graded. If its solutions run, the course is still named on screen first.

`grade dev` and `grade release` grade nothing; they are for the author of the course in whose folder they are typed.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader.course.course import Course, find, is_course
from grader.course.packaged import packaged
from grader.errors import CourseError
from grader.frozen import frozen
from grader.text import one_line

LENGTH = 200  # of a path in a sentence
NO_COURSE = (
    "there is no course here, and none is taken from what is graded: go into your course's folder, name it with --course DIR, "
    "name a key with --key FILE, or make a course with `grade init DIR`"
)
HANDED_IN = (
    "the course in {root} lies in what is graded ({graded}), and what was handed in decides nothing: name your own with "
    "--course DIR"
)
WHOSE = (
    "--seed runs the solutions in {root} on this machine as you, without a sandbox, and what is graded ({graded}) lies beside "
    "them: if that course is your own, and nobody handed it in, say so with --course {root}"
)


@frozen
class Found:
    """A course, how it was found, and whether (`meets`) what is graded lies in it or beside it.

    `start` is the folder to which printed paths are relative; `runs` says that the course's solutions will run.
    """

    course: Course
    start: Path
    is_named: bool = False
    is_graders: bool = False
    is_from_here: bool = True
    meets: bool = False
    runs: bool = False

    @property
    def said(self) -> str:
        """The line that says which course is used; empty if that is obvious, for example because it was named."""
        root = _shown(self.course.root.resolve())
        if self.is_named:
            return ""
        if not self.is_from_here:
            return f"Course: {root}, the grader's own; --course DIR names another."
        is_told = self.meets or (self.runs and not self.is_graders)
        return f"Course: {root}; --course DIR names another." if is_told else ""


def look(named: str | None, start: Path, grader: Path, targets: Sequence[str | Path] = ()) -> Found | None:
    """Find the course that a command uses; None if there is none, CourseError if it lies in what is graded.

    `start` is the current directory, `grader` the folder that the grader lies in, `targets` the files and folders that
    are graded. CourseError, too, if what was named is not a course.
    """
    found = _found(named, start, grader)
    if found is None or found.is_named or not targets:
        return found
    places, root, meets = list(places_of(found.course)), found.course.root.resolve(), False
    for target in targets:
        forms, is_folder = _forms(start / target), (start / target).is_dir()
        is_around = any(place.is_relative_to(form) for place in places for form in forms)
        if is_folder and is_around and not any(form.is_relative_to(root) for form in forms):
            raise CourseError(HANDED_IN.format(root=_shown(root), graded=_shown(target)))
        meets = meets or _meets(places, forms, is_folder)
    return replace(found, meets=meets)


def required(course: Course | None) -> Course:
    """Return the course; CourseError if it is None, for commands that need one."""
    if course is None:
        raise CourseError(NO_COURSE)
    return course


def look_for_class(named: str | None, start: Path, grader: Path, handed_in: Sequence[Path]) -> Found:
    """Find the course that marks a class; CourseError if there is none, or if it lies in what was handed in."""
    found = _found(named, start, grader)
    if found is None:
        raise CourseError(NO_COURSE)
    if found.is_named:
        return found
    places, meets = list(places_of(found.course)), False
    for folder in handed_in:
        forms = _forms(start / folder)
        if any(place.is_relative_to(form) for place in places for form in forms):
            raise CourseError(HANDED_IN.format(root=_shown(found.course.root.resolve()), graded=_shown(folder)))
        meets = meets or _meets(places, forms, not (start / folder).is_file())
    return replace(found, meets=meets, runs=True)


def hold_solutions(found: Found | None, graded: Sequence[Path]) -> None:
    """Raise CourseError if a course's solutions would run and it is not certain that they are the user's own."""
    if found is None or found.is_named or found.is_graders:
        return
    places, own = list(places_of(found.course)), (found.course.root / "solutions").resolve()
    for path in graded:
        forms, is_folder = _forms(found.start / path), (found.start / path).is_dir()
        if _meets(places, forms, is_folder) and not all(form.is_relative_to(own) for form in forms):
            raise CourseError(WHOSE.format(root=_shown(found.course.root.resolve()), graded=_shown(path)))


def places_of(course: Course) -> Iterator[Path]:
    """The real paths of a course's files: its folder, and the targets of links in it."""
    root = course.root.resolve()
    yield root
    for part in ("assignments", "solutions"):
        yield (root / part).resolve()
        yield from _links(root / part, 2)


def _links(folder: Path, depth: int) -> Iterator[Path]:
    """The targets of the links in a folder, down to a depth; a course has its files two folders deep."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            yield Path(entry.path).resolve()
        elif depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _links(Path(entry.path), depth - 1)


def _found(named: str | None, start: Path, grader: Path) -> Found | None:
    if named is not None:
        return Found(called(named), start, is_named=True)
    own = grader.resolve()
    if course := find(start):
        return Found(course, start, is_graders=course.root.resolve() == own)
    return Found(Course(own), start, is_graders=True, is_from_here=False) if is_course(own) else None


def called(name: str) -> Course:
    """The course in a folder, or else the installed one of this name; CourseError if there is neither."""
    course = Course(Path(name))
    if not course.root.exists() and (courses := packaged()):
        if name not in courses:
            known = ", ".join(sorted(courses))
            raise CourseError(f"{_shown(name)} is no folder and no installed course; installed are: {known}")
        course = Course(courses[name])
    course.units  # noqa: B018  raises now if it is not a course
    return course


def _meets(places: Sequence[Path], forms: Sequence[Path], is_folder: bool) -> bool:
    """Whether what is graded lies in a course, or is a file whose folder contains the course."""
    return any(
        form.is_relative_to(place) or (not is_folder and place.is_relative_to(form.parent))
        for place in places
        for form in forms
    )


def _forms(path: Path) -> tuple[Path, Path]:
    """A path as it is spelt, made absolute, and its real path: either may lie inside a folder in question."""
    return Path(os.path.abspath(path)), path.resolve()


def _shown(path: str | Path) -> str:
    return one_line(str(path), LENGTH)
