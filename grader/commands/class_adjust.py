"""`grade class adjust`: what a person decides about a student's unit, kept in the store and undone only by a person."""

import click

from grader.commands.class_command import FILE, db_option
from grader.commands.class_wishes import Wish, login


@click.command("adjust")
@click.argument("student", required=False)
@click.argument("target", required=False, metavar="[UNIT[.EXERCISE]]")
@click.option("--points", metavar="NUMBER", help="The points that count, for the exercise or the whole unit.")
@click.option("--comment", metavar="TEXT", help="What the student reads on the feedback page.")
@click.option("--hold", is_flag=True, help="Give the unit's result to nobody until this is undone.")
@click.option("--excuse", is_flag=True, help="The unit does not count for this student.")
@click.option("--due", metavar="DATE", help="This student's own due date for the unit.")
@click.option("--from", "table", type=FILE, metavar="CSV", help="Many decisions: a row for each student.")
@click.option("--undo", multiple=True, type=int, metavar="NUMBER", help="Take a decision back (again for more).")
@click.option("--by", default=login, metavar="NAME", help="Whose decision it is; your login name if left out.")
@click.option("--why", default="", metavar="TEXT", help="The reason, which is kept; only a comment needs none.")
@click.option("--yes", is_flag=True, help="Let points exceed the exercise's or the unit's.")
@db_option()
def command(**options) -> None:
    """Decide by hand: points, a comment, a hold, an excuse or a due date. Alone, list what was decided and stands.

    \b
    grade class adjust "Ada Abebe" attention.softmax --points 4 --why "the loop is right"
    grade class adjust "Ada Abebe" attention --excuse --why "ill until 30 November"
    grade class adjust --from extensions.csv --why "agreed in the lecture"
    grade class adjust --undo 3 --why "wrong student"

    A decision stays through --regrade and every later run, and is in all that is written from the store. A later one of
    the same kind replaces it; nothing is deleted.
    """
    from grader.commands import arguments
    from grader.commands.class_decided import adjust

    arguments.hide(list(options["db"].secrets))
    adjust(Wish(**options))
