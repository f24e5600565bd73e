"""Whose course is it: the instructor's, or part of what was handed in? A course that was handed in decides nothing.

A course is named (`--course DIR`), or it is the nearest one from the current directory upwards, or the one that the grader itself
lies in. It is never looked for around a target. One that was not named is held against what is graded:

- It lies in a folder that is graded: somebody handed it in. It is refused, and the sentence says how to name another.
- What is graded lies in it. That is a student in their own folder, an author, an instructor who keeps hand-ins inside the course; or an
  instructor who stands in what a student handed in. Nothing on the disk tells these apart, so the course is said before it is used.
  Its keys are data, and practising with them runs nothing. Its solutions (`--seed`) run as the user, in no sandbox, so they
  run only where there is no doubt whose they are: the grader lies in the same folder, and its code runs already; or what is graded
  is a file of `solutions/`, which an author types and no folder of a student has. Elsewhere, `--course` says that the course is one's own.
  `grade class` runs the solutions of a course around the class's folder: no student hands in what holds a class.
- It has nothing to do with what is graded. Where its solutions run, it is said all the same, before anything of it runs.

`grade dev` and `grade release` grade nothing: they are words for the author of the course in which they are typed.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.course.course import Course, find, is_course
from grader.errors import CourseError
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


@dataclass(frozen=True)
class Found:
    """A course, how it was found, and whether what is graded lies in it or beside it; `start` is where paths begin.

    `runs` says that its solutions are to run.
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
        """The line that says which course is used; empty where that goes without saying, as where it was named."""
        root = _shown(self.course.root.resolve())
        if self.is_named:
            return ""
        if not self.is_from_here:
            return f"Course: {root}, the grader's own; --course DIR names another."
        is_told = self.meets or (self.runs and not self.is_graders)
        return f"Course: {root}; --course DIR names another." if is_told else ""


def look(named: str | None, start: Path, grader: Path, targets: Sequence[str | Path] = ()) -> Found | None:
    """The course that a command uses, None where there is none; CourseError where it lies in what is graded.

    `start` is the current directory, `grader` the folder that the grader lies in, `targets` the files and folders that are
    graded. CourseError, too, where what was named is no course.
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
    """The course, where it cannot be done without; CourseError if there is none."""
    if course is None:
        raise CourseError(NO_COURSE)
    return course


def look_for_class(named: str | None, start: Path, grader: Path, handed_in: Sequence[Path]) -> Found:
    """The course that marks a class; CourseError where there is none, or where it lies in a folder that was handed in."""
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
    """CourseError where a course's solutions would run and it is not sure that they are the user's own."""
    if found is None or found.is_named or found.is_graders:
        return
    places, own = list(places_of(found.course)), (found.course.root / "solutions").resolve()
    for path in graded:
        forms, is_folder = _forms(found.start / path), (found.start / path).is_dir()
        if _meets(places, forms, is_folder) and not all(form.is_relative_to(own) for form in forms):
            raise CourseError(WHOSE.format(root=_shown(found.course.root.resolve()), graded=_shown(path)))


def places_of(course: Course) -> Iterator[Path]:
    """Where the files of a course really lie: its folder, and what links in it lead to."""
    root = course.root.resolve()
    yield root
    for part in ("assignments", "solutions"):
        yield (root / part).resolve()
        yield from _links(root / part, 2)


def _links(folder: Path, depth: int) -> Iterator[Path]:
    """What the links in a folder lead to, and those in the folders in it; a course has its files two folders deep."""
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
        course = Course(Path(named))
        course.units  # noqa: B018  says at once if it is none
        return Found(course, start, is_named=True)
    own = grader.resolve()
    if course := find(start):
        return Found(course, start, is_graders=course.root.resolve() == own)
    return Found(Course(own), start, is_graders=True, is_from_here=False) if is_course(own) else None


def _meets(places: Sequence[Path], forms: Sequence[Path], is_folder: bool) -> bool:
    """Whether what is graded lies in a course, or is a file whose folder the course lies in."""
    return any(
        form.is_relative_to(place) or (not is_folder and place.is_relative_to(form.parent))
        for place in places
        for form in forms
    )


def _forms(path: Path) -> tuple[Path, Path]:
    """A path as it is spelt, and where it really lies: either may be inside of something."""
    return Path(os.path.abspath(path)), path.resolve()


def _shown(path: str | Path) -> str:
    return one_line(str(path), LENGTH)
