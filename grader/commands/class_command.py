"""`grade class SUBMISSIONS`: mark a whole class into a store, and write results from the store."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from grader.commands.options import course_option
from grader.sandbox.walls.levels import FOR_STRANGERS, LEVELS


class AddressType(click.ParamType):
    """An option whose text may contain a password; it becomes an Address, which prints without it."""

    name = "address"

    def convert(self, value, param, ctx):
        from grader.passwords import Address

        return value if isinstance(value, Address) else Address(value)


FILE = click.Path(path_type=Path, dir_okay=False)


def db_option(help: str = "The store of the class.") -> Callable:
    """The option that names the store."""
    shown = {"default": "class.db", "show_default": True, "metavar": "FILE|URL"}
    return click.option("--db", type=AddressType(), help=help, **shown)


@click.command("class")
@click.argument("submissions", required=False, type=click.Path(path_type=Path), metavar="[SUBMISSIONS|UNIT]")
@click.option("--unit", "units", multiple=True, metavar="UNIT[.EXERCISE]", help="Mark this (again for more).")
@click.option("--roster", type=FILE, metavar="CSV", help="The class: each of its students gets a record.")
@click.option("--times", type=FILE, metavar="CSV", help="When each student handed in; for course.toml's late policy.")
@click.option("--extensions", type=FILE, metavar="CSV", help="Single students' own due dates: student, unit, due.")
@db_option("The store; SQLite or PostgreSQL (its password from ~/.pgpass or PGPASSWORD).")
@click.option("--seed", type=click.IntRange(min=0), help="The secret seed; drawn, and kept in the store, if left out.")
@click.option("--jobs", type=click.IntRange(min=1), help="Graders at once; as many as there are cores by default.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds an exercise.")
@click.option("--scheduler", metavar="ADDRESS|local", help="Grade on the workers of this Dask scheduler, over TLS.")
@click.option("--tls-ca-file", type=FILE, metavar="PEM", help="The authority whose certificates the scheduler shows.")
@click.option("--tls-cert", type=FILE, metavar="PEM", help="The certificate to show the scheduler.")
@click.option("--tls-key", type=FILE, metavar="PEM", help="The certificate's private key.")
@click.option(
    "--insecure-scheduler", is_flag=True, help="Take a scheduler without TLS: all who reach it run code as you."
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the scheduler's first worker.",
)
@click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default=FOR_STRANGERS,
    show_default=True,
    help="Refuse to mark below this level.",
)
@click.option("--regrade", is_flag=True, help="Grade stale records again; shows whose points change, then asks.")
@click.option("--yes", is_flag=True, help="Do not ask: change the points, mark a class that hardly fits its roster.")
@click.option("--look", is_flag=True, help="Only say what was handed in, by whom, and what is odd; nothing is marked.")
@click.option("--csv", "csv_file", type=FILE, metavar="FILE", help="Write every record as a table.")
@click.option("--jsonl", type=FILE, metavar="FILE", help="Write every record with its report, one JSON object a line.")
@click.option("--parquet", type=FILE, metavar="FILE", help="Write a row for each exercise of each record.")
@click.option("--canvas", type=FILE, metavar="CSV", help="Fill the points into this export of Canvas's gradebook.")
@click.option("--moodle", type=FILE, metavar="CSV", help="Fill one unit's points into this Moodle grading worksheet.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="UNIT=HEADER",
    help="The unit's column in --canvas, where its title is not the unit's.",
)
@click.option(
    "--nbgrader",
    type=AddressType(),
    metavar="DIR|FILE|URL",
    help="Mark this nbgrader course's collected UNIT into its gradebook; or write the points into this gradebook.",
)
@click.option("--report", type=FILE, metavar="FILE", help="Write the class report, an HTML page.")
@click.option(
    "--feedback",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each student's feedback, an HTML page each.",
)
@click.option(
    "--feedback-zip",
    type=FILE,
    metavar="FILE",
    help="Write one unit's feedback as the archive that Moodle or Canvas takes back.",
)
@click.option("--anonymous", is_flag=True, help="No names, ids or notes on --report, --summary and --alike.")
@click.option("--summary", is_flag=True, help="Print the class report as text.")
@click.option(
    "--alike", type=FILE, metavar="FILE", help="Write a page of submissions that are alike, for you to look at."
)
@course_option
def command(submissions, **options) -> None:
    """Mark a class: a folder or an archive with a file or a folder for each student, or a download from an LMS.

    What is marked is kept in the store at once. The same command goes on where it was stopped, marks what is new, and
    leaves the rest alone. Without SUBMISSIONS it only writes what was asked for from the store.

    \b
    grade class adjust …     decide by hand: points, a comment, a hold, an excuse, a due date
    grade class history …    every grade and decision of a student
    grade class appeal …     look into one exercise of a student
    grade class push …       the points, straight into Canvas, Moodle or an LTI platform

    A folder that is called like one of these words is named ./adjust.

    Exit status: 0 every hand-in has its record, 1 some were left (--regrade was declined, or what was
    handed in does not fit the roster), 2 wrong usage, 3 the
    grader's own fault (those are marked again next time), 130 stopped with Ctrl-C.
    """
    from grader.commands import arguments, class_run
    from grader.commands.class_options import Options

    arguments.hide([secret for name in ("db", "nbgrader") if options[name] for secret in options[name].secrets])

    sys.exit(class_run.mark(submissions, Options(**options)))
