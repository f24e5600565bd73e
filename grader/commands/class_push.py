"""`grade class push PLATFORM`: the points that count, straight into the gradebook of Canvas, Moodle or an LTI platform."""

import os
import sys

import click

from grader.commands.class_command import FILE, db_option
from grader.commands.options import course_option


@click.command("push")
@click.argument("platform", type=click.Choice(("canvas", "moodle", "lti")))
@click.argument("units", nargs=-1, metavar="[UNIT]...")
@click.option("--look", is_flag=True, help="Only say what would be sent for whom, and what stands there now.")
@click.option(
    "--comments", is_flag=True, help="Send a comment, too: the points of each exercise, and what people decided."
)
@click.option("--yes", is_flag=True, help="Overwrite what a person has entered there since.")
@click.option("--settings", type=FILE, metavar="TOML", help="Instead of the course's solutions/platforms.toml.")
@click.option("--token-file", type=FILE, metavar="FILE", help="A file with the token, which only you can read.")
@click.option("--key-file", type=FILE, metavar="PEM", help="For lti: the tool's private key, which only you can read.")
@db_option()
@course_option
def command(platform, units, **options) -> None:
    """Enter the points that count into an assignment of a platform, for all units that are set up, or these UNITs.

    \b
    grade class push canvas --look
    grade class push canvas attention --comments

    Where to is in platforms.toml (see the manual). The token comes from the environment (GRADE_CANVAS_TOKEN,
    GRADE_MOODLE_TOKEN) or from --token-file, never from an argument. An entry that the platform has is not sent again,
    and what a person wrote there stays. Stopped or refused, the same command goes on where it was.

    Exit status: 0 everything stands there, 1 some was left, 2 wrong usage or a refused token, 130 stopped with Ctrl-C.
    """
    from grader.commands import arguments
    from grader.commands.class_pushed import Pushed, run

    db, course_dir = options.pop("db"), options.pop("course_dir")
    arguments.hide(list(db.secrets))
    sys.exit(run(Pushed(platform, units, db=db, course=course_dir, **options), os.environ))
