"""`grade class appeal STUDENT EXERCISE`: one file with all that decided an exercise, and the same in the terminal."""

import click

from grader.commands.class_command import FILE, db_option
from grader.commands.class_wishes import Question
from grader.sandbox.walls.levels import FOR_STRANGERS, LEVELS


@click.command("appeal")
@click.argument("student")
@click.argument("exercise", metavar="UNIT.EXERCISE")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write it as one HTML page, with the whole submission.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds to answer.")
@click.option(
    "--isolation",
    type=click.Choice(LEVELS),
    default=FOR_STRANGERS,
    show_default=True,
    help="Refuse to ask below this level.",
)
@db_option()
def command(**options) -> None:
    """Look into one exercise of one student: what was asked, expected and answered, from the store alone.

    The bytes that were graded and the key of that grade are in the store; the exercise is asked again with both, in the
    sandbox. No record changes: to change points, say `grade class adjust`.
    """
    from grader.commands import arguments
    from grader.commands.class_looked_into import appeal

    arguments.hide(list(options["db"].secrets))
    appeal(Question(**options))
