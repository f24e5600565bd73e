"""`grade release nbgrader`: write units as assignments of an nbgrader course."""

from pathlib import Path

import click

from grader.commands.options import chosen, course_option, not_empty, units_argument


@click.command()
@units_argument
@click.option("--to", metavar="DIR", help="The nbgrader course's folder.")
@click.option(
    "--exchange", metavar="DIR", default="", help="Where nbgrader hands out and collects; its own choice by default."
)
@course_option
@click.option("--from", "course_from", metavar="DIR", callback=not_empty, hidden=True)
def nbgrader(units, to, exchange, course_dir, course_from) -> None:
    """Write source/<unit>/<unit>.ipynb for each unit, with reference answers between nbgrader's marks, and its configuration.

    UNIT.EXERCISE gives single exercises of a unit.
    """
    from grader.course.course import is_course

    if to is None and course_dir and not is_course(Path(course_dir)):
        to, course_dir = course_dir, course_from  # scripts name nbgrader's folder so, and the course with --from
    if to is None:
        raise click.UsageError("name the nbgrader course's folder with --to DIR")
    from grader.releases import nbcourse

    course = chosen(course_dir, units)
    for path in nbcourse.release(course, Path(to), exchange):
        click.echo(str(path))
    first = course.units[0]
    click.echo(
        f"Now, in {to}: nbgrader generate_assignment {first}, then nbgrader release_assignment {first}", err=True
    )
