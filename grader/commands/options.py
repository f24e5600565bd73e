"""Options that several commands share. Imports nothing but Click, because every command's `--help` loads it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grader.course.course import Course


def not_empty(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A Click callback that refuses an empty name (for example from an unset variable) instead of ignoring it."""
    if value == "":
        raise click.BadParameter("it is empty; name a file or a folder, or leave the option out", ctx, param)
    return value


course_option = click.option(
    "--course",
    "course_dir",
    metavar="DIR|NAME",
    callback=not_empty,
    help="The course, if you are not inside it: its folder, or the name of an installed one.",
)
units_argument = click.argument("units", nargs=-1, required=True, metavar="UNIT[.EXERCISE]...")


def chosen(course_dir: str | None, units: Sequence[str]) -> "Course":
    """The course restricted to what a command's arguments name; CourseError for an unknown name."""
    from grader.commands.courses import the_course
    from grader.course.choice import choose

    return choose(the_course(course_dir), units)
