"""Options that several commands share. Imports nothing but Click: every command's `--help` reads it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grader.course import Course

course_option = click.option("--course", "course_dir", metavar="DIR", help="The course, if you are not inside it.")
units_argument = click.argument("units", nargs=-1, required=True, metavar="UNIT[.EXERCISE]...")


def chosen(course_dir: str | None, units: Sequence[str]) -> "Course":
    """The course with what a command's words name; one sentence where they name what is not there."""
    from grader.choice import choose
    from grader.commands.check import the_course

    return choose(the_course(course_dir), units)
