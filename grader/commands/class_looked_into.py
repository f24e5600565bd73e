"""The steps of `grade class appeal`: find the grade, ask the exercise again, print it, write the page."""

import sys

from rich.console import Console
from rich.text import Text

from grader.classroom.marking.appeals import Appeal, Decided, look_into
from grader.classroom.marking.counting import counted_of
from grader.classroom.marking.deciding import roll_of
from grader.classroom.marking.store import Store
from grader.classroom.reading.called import with_id
from grader.commands.class_wishes import Question
from grader.commands.writing import refuse_inputs
from grader.errors import GraderError
from grader.render.terminal import make_console
from grader.sandbox.opening import open_sandbox
from grader.sandbox.walls.limits import Limits
from grader.text import inert, one_line

LONGEST = 1500  # characters of a value in the terminal; the page has more


def appeal(asked: Question) -> None:
    """Run the command; GraderError if there is nothing to look into."""
    refuse_inputs([asked.output], [asked.db.whole] if asked.db.is_file else [])
    with (
        open_sandbox(Limits(seconds=asked.timeout), least=asked.isolation) as sandbox,  # before any key is read
        Store(asked.db, is_new=False) as store,
    ):
        roll = roll_of(store)
        student, (unit, exercise) = roll.student(asked.student), roll.target(asked.exercise)
        if not exercise:
            raise GraderError(f"name one exercise, such as {unit}.{next(iter(roll.worth[unit]), 'EXERCISE')}")
        record = next((record for record in counted_of(store, student) if record.unit == unit), None)
        if record is None:
            raise GraderError(f"{student} has no record for {unit}")
        found = look_into(store, record, exercise, sandbox)
    console = make_console()
    called = with_id(student, roll.students)
    _print(found, called, console)
    if asked.output:
        from grader.classroom.gradebooks.exports import whole
        from grader.classroom.reading import appeal_page
        from grader.render.html import STYLE, fragment

        again = ["grade", "class", "appeal", student, asked.exercise, "--db", str(asked.db)]
        with whole(asked.output) as file:  # readable by its owner only: it has answers that are secret
            file.write(appeal_page.render(found, called, fragment, STYLE, again))
        print(f"{asked.output}: the page, for staff.", file=sys.stderr)


def _print(found: Appeal, student: str, console: Console) -> None:
    record, then = found.record, found.recorded
    counts = record.by_exercise().get(then.id, 0)
    console.print(Text(one_line(f"{student}, {then.id}"), "bold"))
    console.print(f"{then.points} of {then.max_points} points by the grader, {counts:g} count.")
    same = (
        "as it was recorded" if found.is_same else f"differently: {found.again.points} points; the record is as it was"
    )
    console.print(f"Asked again with the same file and key, it comes out {same}.")
    for one in found.decided:
        _check(one, console)


def _check(one: Decided, console: Console) -> None:
    check = one.check
    console.print()
    console.print(Text(one_line(check.claim), "bold").append(f"  {check.points} of {check.max_points}", "not bold"))
    if check.finding:
        console.print(Text(one_line(check.finding.message, 400)), soft_wrap=True)
    for question in one.questions:
        console.print(Text(f"  {one_line(question.label)}", "bold"))
        for word, value in (
            ("asked with", question.inputs),
            ("expected", question.expected),
            ("answered", question.answered),
        ):
            console.print(Text(f"    {word}", "dim"))
            for line in inert(value, LONGEST).splitlines():
                console.print(Text(f"      {line}"), soft_wrap=True)
