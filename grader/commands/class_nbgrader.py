"""`grade class-nbgrader DIR UNIT`: mark a collected nbgrader course in the sandbox, with questions that no student knows."""

import secrets as randomness
import sys

import click


@click.command(name="class-nbgrader", hidden=True)
@click.argument("folder", metavar="DIR")
@click.argument("unit")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Where questions come from; a secret one is drawn and told if left out."
)
@click.option("--course", "course_dir", metavar="DIR", help="The course with the solutions, if you are not inside it.")
def command(folder, unit, seed, course_dir) -> None:
    """Grade what `nbgrader collect` has put under submitted/, and write points and comments into nbgrader's gradebook."""
    from cli import sandboxed

    with sandboxed() as sandbox:  # started before any key or solution is read
        status = mark_all(sandbox, folder, unit, seed, course_dir)
    sys.exit(status)


def mark_all(sandbox, folder: str, unit: str, seed: int | None, course_dir: str | None) -> int:
    """Mark, with a line for each student; returns the exit status: 3 if the grader failed anyone, else 0."""
    from pathlib import Path

    from grader.classroom.nbgrader import mark
    from grader.commands.check import fresh_key, hold_to, the_course
    from grader.text import one_line

    course = the_course(course_dir)
    hold_to(sandbox, course)
    seed = randomness.randbelow(2**63) if seed is None else seed
    key = fresh_key(course.solutions(unit), seed, ())
    failed = False
    for record in mark(Path(folder), unit, key, sandbox):
        failed = failed or bool(record.report and record.report.is_our_fault)
        note = f"  {one_line(record.note)}" if record.note else ""
        click.echo(f"{record.points:>4}/{record.max_points}  {one_line(record.student, 60)}{note}")
    click.echo(f"seed {seed}: keep it, to get the same grades again, and keep it from students", err=True)
    return 3 if failed else 0
