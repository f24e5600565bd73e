"""`grade release students|check`: write a folder for students, and check that it shows no solution."""

from pathlib import Path

import click

from grader.commands.options import course_option, units_argument


@click.command()
@units_argument
@click.option("--to", required=True, metavar="DIR", help="The folder to write.")
@click.option(
    "--per-student", "roster", metavar="ROSTER", help="A folder, with questions of its own, for each student in it."
)
@click.option("--secret", metavar="FILE", help="The secret that per-student questions come from; keep it.")
@course_option
def students(units, to, roster, secret, course_dir) -> None:
    """Write what students get: stubs, handouts, notebooks, public keys, and a README with two commands.

    UNIT.EXERCISE gives single exercises of a unit.

    Refuses to release anything that shows a piece of a solution, and lists what it released with SHA-256 hashes.
    """
    from grader.classroom.marking.seeds import read_secret, seeds_of
    from grader.commands.courses import the_course
    from grader.course.choice import choose, reminder
    from grader.releases import students as releasing

    def tell(words: str) -> None:
        click.echo(words, err=True)

    if bool(roster) != bool(secret):
        raise click.UsageError("--per-student ROSTER and --secret FILE go together")
    course = the_course(course_dir)
    secrets = releasing.all_secrets(course)
    chosen = choose(course, units)
    if not roster:
        show(releasing.release(course, releasing.bundle(chosen), Path(to), secrets, tell), to)
    else:
        names, hidden = releasing.roster(Path(roster)), read_secret(Path(secret))
        for name in names:
            files = releasing.bundle(chosen, lambda unit, name=name: seeds_of(hidden, name, unit))
            show(releasing.release(course, files, Path(to) / name, secrets, tell), Path(to) / name)
    if words := reminder(course, chosen):
        click.echo(words, err=True)


@click.command()
@click.argument("folder", metavar="DIR")
@course_option
def check(folder, course_dir) -> None:
    """Look once more through a folder that students get, before it is published."""
    from grader.commands.courses import the_course
    from grader.course.choice import choose, words_of
    from grader.course.course import Course
    from grader.releases import students as releasing

    course = the_course(course_dir, folder)
    known = releasing.known_files(choose(course, words_of(Course(Path(folder)).settings)))
    show(releasing.check(Path(folder), known, releasing.all_secrets(course)), folder)


def show(released, folder) -> None:
    """The files with their hashes, as `sha256sum -c` reads them."""
    for item in released:
        click.echo(f"{item.sha256}  {item.name}")
    click.echo(f"{len(released)} files in {folder}; none shows a piece of a solution", err=True)
