"""`grade release nbgrader`: units as assignments of an nbgrader course."""

from pathlib import Path

import click


@click.command()
@click.argument("units", nargs=-1, required=True, metavar="UNIT...")
@click.option("--course", "to", required=True, metavar="DIR", help="The nbgrader course's folder.")
@click.option(
    "--exchange", metavar="DIR", default="", help="Where nbgrader hands out and collects; its own choice by default."
)
@click.option("--from", "course_dir", metavar="DIR", help="The course with the solutions, if you are not inside it.")
def nbgrader(units, to, exchange, course_dir) -> None:
    """Write source/<unit>/<unit>.ipynb for each unit, with reference answers between nbgrader's marks, and its configuration."""
    from grader.classroom import nbcourse
    from grader.commands.check import the_course

    for path in nbcourse.release(the_course(course_dir), units, Path(to), exchange):
        click.echo(str(path))
    click.echo(
        f"Now, in {to}: nbgrader generate_assignment {units[0]}, then nbgrader release_assignment {units[0]}", err=True
    )
