"""`grade class fetch LIST --to DIR`: bring a class's repositories here, so that one run marks them all."""

from pathlib import Path

import click

from grader.commands.class_command import FILE
from grader.commands.options import course_option

TOKEN = "STUDENTS_TOKEN"


@click.command("fetch")
@click.argument("repositories", type=FILE, metavar="LIST")
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A folder for each student.")
@click.option("--times", required=True, type=FILE, metavar="CSV", help="Write when each was pushed, for `grade class`.")
@click.option("--until", default="", metavar="TIME", help="As the repositories were then; as they are now by default.")
@click.option("--due", "is_due", is_flag=True, help="Each unit as it was at its due date in course.toml.")
@click.option("--extensions", type=FILE, metavar="CSV", help="Single students' own due dates, for --due.")
@click.option("--unit", "units", multiple=True, metavar="UNIT", help="Only this unit's due date (again for more).")
@click.option(
    "--host",
    type=click.Choice(["github", "gitlab", "git"]),
    default="github",
    show_default=True,
    help="Where they lie.",
)
@click.option(
    "--server", default="", metavar="URL", envvar=["GITHUB_SERVER_URL", "CI_SERVER_URL"], help="The host's address."
)
@click.option(
    "--api", default="", metavar="URL", envvar=["GITHUB_API_URL", "CI_API_V4_URL"], help="The address of its API."
)
@click.option(
    "--token-file",
    type=FILE,
    metavar="FILE",
    help=f"A file with the token, which only you can read; {TOKEN} by default.",
)
@course_option
def command(repositories, **options) -> None:
    """Bring the repositories of LIST here: one on each line, or a table with columns `repository` and `student`.

    \b
    grade class fetch repositories.txt --to class --times times.csv --due
    grade class class --times times.csv

    The times are those of the pushes, which GitHub and GitLab tell; of a plain git server (--host git) they are those of
    the commits, which students' computers set. Python files and notebooks are fetched, nothing is checked out or run. The same
    command again fetches what is new. A token, if the repositories need one, is read from the environment variable
    STUDENTS_TOKEN or from a file.

    Exit status: 0 all are here, 1 some could not be read, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    import sys

    from grader.commands import fetched

    sys.exit(fetched.fetch_all(repositories, fetched.Options(**options), TOKEN))
