"""`grade release nbgrader`: units as assignments of an nbgrader course."""

from pathlib import Path

import click

from grader.commands.options import chosen, units_argument


@click.command()
@units_argument
@click.option("--course", "to", required=True, metavar="DIR", help="The nbgrader course's folder.")
@click.option(
    "--exchange", metavar="DIR", default="", help="Where nbgrader hands out and collects; its own choice by default."
)
@click.option("--from", "course_dir", metavar="DIR", help="The course with the solutions, if you are not inside it.")
def nbgrader(units, to, exchange, course_dir) -> None:
    """Write source/<unit>/<unit>.ipynb for each unit, with reference answers between nbgrader's marks, and its configuration.

    UNIT.EXERCISE gives single exercises of a unit.
    """
    from grader.classroom import nbcourse

    course = chosen(course_dir, units)
    for path in nbcourse.release(course, Path(to), exchange):
        click.echo(str(path))
    first = course.units[0]
    click.echo(
        f"Now, in {to}: nbgrader generate_assignment {first}, then nbgrader release_assignment {first}", err=True
    )
