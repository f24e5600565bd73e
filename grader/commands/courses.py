"""The course that a command works on: the one that was named, or the one around the current directory."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.commands.targets import is_of_course
from grader.course.course import Course
from grader.course.sides import Found, look, required

GRADER = Path(__file__).resolve().parents[2]  # where the grader lies: in a clone, beside its own course


def settle(course_dir: str | None, names: Sequence[str], seed: int | None = None) -> Found | None:
    """The course that targets are graded by, None where there is none; the line that says which goes to standard error.

    Names of units and exercises are words of the course that one is in; what else is named is held against it.
    """
    found = look(course_dir, Path.cwd(), GRADER)
    course = found and found.course
    if paths := [name for name in names if os.path.lexists(name) and not is_of_course(name, course)]:
        found = look(course_dir, Path.cwd(), GRADER, paths)
    if found and (said := replace(found, runs=seed is not None).said):
        print(said, file=sys.stderr, flush=True)
    return found


def open_course(course_dir: str | None, *graded: str) -> Course | None:
    """The course that was named, or the one around here; None if there is none. CourseError if it lies in what is `graded`."""
    found = look(course_dir, Path.cwd(), GRADER, graded)
    return found and found.course


def the_course(course_dir: str | None, *graded: str) -> Course:
    """The course, where a command cannot do without one; CourseError if there is none."""
    return required(open_course(course_dir, *graded))
