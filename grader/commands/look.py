"""A class before it is marked: whose files there are, who has none, who is a stranger, what is odd."""

import sys
from collections.abc import Collection, Iterator, Sequence

import click
from rich.console import Console

from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.intake import Intake
from grader.classroom.marking.running import Plan
from grader.classroom.reading.called import with_id
from grader.commands.told import say
from grader.record import Outcome
from grader.text import listed, one_line

NOTHING, UNREAD = "nothing handed in", "cannot be read"


def tell(intake: Intake, console: Console) -> None:
    """Say everything that taking in has found, each student once for each unit."""
    of = f" of {intake.expected} on the roster" if intake.expected else ""
    matched = len({one.student for one in intake.hand_ins if one.kept} - {*intake.strangers})
    say(console, f"{', '.join(intake.units)}: {matched}{of} handed in a file that can be marked.")
    for unit in intake.units:
        mine = [one for one in intake.hand_ins if one.unit == unit]
        where = f" for {unit}" if len(intake.units) > 1 else ""
        _list(console, f"{NOTHING}{where}", [_line(one, intake) for one in mine if one.outcome is Outcome.ABSENT])
        _list(console, f"{UNREAD}{where}", [_line(one, intake) for one in mine if one.outcome is Outcome.UNREADABLE])
        odd = [one for one in mine if one.outcome is Outcome.GRADED and _odd(one)]
        _list(console, f"odd{where}", [_line(one, intake) for one in odd])
    _list(console, "not on the roster", [with_id(student, intake.students) for student in intake.strangers])
    _list(console, "nobody's, and left alone", intake.strays)
    _list(console, "archive members without a usable name", intake.lost)
    say(console, "Nothing was marked, and nothing is stored.")


def tell_briefly(intake: Intake, planned: Plan, console: Console) -> None:
    """The first lines of a run: how much there is to mark, and what was handed in."""
    count = len(intake.students)
    say(console, f"{count} student{'s' * (count != 1)}, {', '.join(intake.units)}: {len(planned.todo)} to mark.")
    for line in headlines(intake):
        say(console, line)


def headlines(intake: Intake) -> Iterator[str]:
    """The first lines of a run about what was handed in: nothing where all is as expected."""
    if intake.expected:
        handed = {one.student for one in intake.hand_ins if one.kept or one.problem} - {*intake.strangers}
        none = [one.id for one in intake.students if one.id not in handed | {*intake.strangers}]
        yield f"{len(handed)} of {intake.expected} on the roster handed in{_some('; nothing from', none, intake)}."
        if intake.strangers:
            yield f"{len(intake.strangers)} not on the roster{_some(':', intake.strangers, intake)}"
    if odd := [one.student for one in intake.hand_ins if _odd(one) or (one.problem and one.note)]:
        yield f"{len(odd)} odd, which --look and the notes of the records tell{_some(':', odd, intake)}"
    if intake.strays:
        yield "Nobody's, and left alone: " + listed(intake.strays)


def may_go_on(intake: Intake, marked: Collection[str], is_sure: bool, console: Console) -> bool:
    """Whether to mark: not without a word where most of a roster is absent while others turn up.

    Then the roster and what was handed in hardly fit each other. `marked` are the students who have a record already.
    """
    there = {one.student for one in intake.hand_ins if one.kept or one.problem}
    absent = intake.expected - len(there - {*intake.strangers})
    new = [student for student in intake.strangers if student in there and student not in marked]
    if is_sure or not new or 2 * absent <= intake.expected:
        return True
    say(
        console,
        f"{absent} of {intake.expected} on the roster have nothing, while {len(new)} are not on it"
        f"{_some(':', new, intake)}. Is it this class's roster? --look lists them all.",
    )
    if sys.stdin.isatty() and click.confirm("Mark all the same?", err=True, default=False):
        return True
    say(console, "Nothing was marked. Name the right --roster, or mark all the same with --yes.")
    return False


def _odd(one: HandIn) -> str:
    """What is odd about a hand-in besides that its student is not on the roster."""
    return "; ".join(part for part in one.note.split("; ") if part != "not on the roster") if one.kept else ""


def _line(one: HandIn, intake: Intake) -> str:
    note = f": {one_line(one.note, 300)}" if one.note else ""
    return f"{with_id(one.student, intake.students)}{note}"


def _some(before: str, students: Sequence[str], intake: Intake) -> str:
    return f"{before} {listed([with_id(student, intake.students) for student in students])}" if students else ""


def _list(console: Console, heading: str, lines: Sequence[str]) -> None:
    if lines:
        say(console, f"{heading[0].upper()}{heading[1:]} ({len(lines)}):")
    for line in lines:
        say(console, f"  {line}")
