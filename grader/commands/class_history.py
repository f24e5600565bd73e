"""`grade class history STUDENT`: every grade, adjustment and regrade with its time, key and version."""

import click

from grader.commands.class_command import db_option


@click.command("history")
@click.argument("student")
@click.option("--unit", metavar="UNIT", help="Of this unit alone.")
@db_option()
def command(student, unit, db) -> None:
    """Show what happened to a student's units: every grade, replaced or not, and every decision, with its time.

    STUDENT is any name that the roster has. Of each grade you see the points, the file's hash, the key with its
    questions, and the versions of course and grader; of each decision by whom and why.
    """
    from grader.commands import arguments
    from grader.commands.class_told import history

    arguments.hide(list(db.secrets))
    history(student, unit, db)
