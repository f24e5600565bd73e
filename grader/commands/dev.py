"""`grade dev …`: the authors' commands and their options; each imports its implementation when it is called."""

import sys

import click

from grader.commands.options import course_option


@click.group("dev")
def command() -> None:
    """For authors: scaffold, build and prove exercises."""


@command.command("new")
@click.argument("target", metavar="UNIT.EXERCISE")
@click.option("--run", "pieces", metavar="PIECE", multiple=True, help="A training run of this exercise; once for each.")
@course_option
def dev_new(target, pieces, course_dir) -> None:
    """Scaffold an exercise in solutions/."""
    from grader.commands import dev_author

    dev_author.new(course_dir, target, pieces)


@command.command("course")
@click.argument("folder", metavar="NAME")
def dev_course(folder) -> None:
    """Begin another course: a folder with one exercise that works."""
    from grader.commands import dev_author

    dev_author.new_course(folder)


@command.command("build")
@click.argument("units", nargs=-1)
@course_option
def dev_build(units, course_dir) -> None:
    """Write assignments/ from solutions/: stubs, handouts, notebooks, keys."""
    from grader.commands import dev_author

    dev_author.build(course_dir, units)


@command.command("check")
@click.argument("targets", nargs=-1, metavar="[UNIT|UNIT.EXERCISE]...")
@click.option("--seeds", type=click.IntRange(min=1), default=200, show_default=True)
@click.option(
    "--runs",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Seeds of training runs, at most --seeds; mistakes are trained with every tenth.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; as many as there are cores by default.")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@course_option
def dev_check(targets, seeds, runs, jobs, form, course_dir) -> None:
    """Prove every exercise by the seven rules, on many seeds."""
    from grader.commands import dev_author

    sys.exit(dev_author.check(course_dir, targets, seeds, runs, jobs, form))


@command.command("bands")
@click.argument("targets", nargs=-1, metavar="[UNIT|UNIT.RUN]...")
@click.option("--seeds", type=click.IntRange(min=1), default=10, show_default=True)
@course_option
def dev_bands(targets, seeds, course_dir) -> None:
    """Train each run's reference, and keep between which losses it goes: what a student's curve is drawn over.

    It writes bands.json beside the unit's solutions; build afterwards.
    """
    from grader.commands import dev_bands

    dev_bands.measure(course_dir, targets, seeds)


@command.command("suggest")
@click.argument("targets", nargs=-1, metavar="[UNIT|UNIT.EXERCISE]...")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")
@click.option("--general", is_flag=True, help="List those that get a general hint, too.")
@click.option("--reasons", metavar="FILE", help="Leave out the survivors that have a reason there.")
@course_option
def dev_suggest(targets, jobs, general, reasons, course_dir) -> None:
    """Propose cases and mistakes: small slips in a reference that keep their points, or lose them without a word."""
    from grader.commands import dev_suggest

    dev_suggest.suggest(course_dir, targets, jobs, general, reasons)


@command.command("mutate")
@click.argument("targets", nargs=-1, metavar="[UNIT|UNIT.EXERCISE]...")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")
@click.option("--record", metavar="FILE", help="Read the reasons for survivors there, and write today's survivors.")
@course_option
def dev_mutate(targets, seeds, jobs, record, course_dir) -> None:
    """Change every reference in one place at a time, and name the changes that keep their points."""
    from grader.commands import dev_mutate

    sys.exit(dev_mutate.mutate(course_dir, targets, seeds, jobs, record))
