"""Print a student's past: the lines of `grade class history`."""

from rich.console import Console
from rich.text import Text

from grader.classroom.gradebooks.by_hand import how_late, sentence
from grader.classroom.gradebooks.exports import decimal
from grader.classroom.marking.counting import counted_of
from grader.classroom.marking.deciding import roll_of
from grader.classroom.marking.past import Graded, past_of
from grader.classroom.marking.store import Store
from grader.classroom.reading.called import with_id
from grader.errors import GraderError
from grader.passwords import Address
from grader.record import Decision, Record
from grader.render.terminal import make_console
from grader.text import one_line

SHOWN = 12  # characters of a hash, enough to tell two apart


def history(name: str, unit: str | None, db: Address) -> None:
    """Print it; GraderError if there is no such student or unit."""
    with Store(db, is_new=False) as store:
        roll = roll_of(store)
        student = roll.student(name)
        if unit:
            unit, _ = roll.target(unit)
        events = [one for one in past_of(store, student) if unit in (None, one.unit)]
        records = [record for record in counted_of(store, student) if unit in (None, record.unit)]
    if not events:
        raise GraderError(f"nothing happened yet to {student}{f' in {unit}' if unit else ''}; mark the class first")
    console = make_console()
    console.print(Text(with_id(student, roll.students), "bold").append("  times in UTC", "not bold dim"))
    for record in records:
        console.print()
        console.print(Text(one_line(record.unit), "bold").append(f"  {_counts(record)}", "not bold"), soft_wrap=True)
        for one in events:
            if one.unit == record.unit:
                _event(one, console)


def _counts(record: Record) -> str:
    """What counts now, in one line."""
    if record.is_excused:
        return "excused: it does not count"
    said = f"{decimal(record.points)} of {record.max_points} points count"
    if record.is_by_hand:
        said += f" ({record.earned} by the grader)"
    if late := how_late(record):
        said += f"; {late}" + (f", which takes {decimal(record.penalty)} off" if record.penalty else "")
    return said + ("; held back" if record.is_held else "")


def _event(one: Graded | Decision, console: Console) -> None:
    line = Text(f"  {one.at[:19].replace('T', ' ')}  ", "dim")
    if isinstance(one, Decision):
        console.print(line.append(f"{one_line(sentence(one), 400)} (decision {one.number})", "not dim"), soft_wrap=True)
        return
    points = f"{one.outcome} {one.points} of {one.max_points}" if one.terms else str(one.outcome)
    line.append(points, "not dim bold" if one.stands else "not dim")
    if one.because:
        line.append(f", again because the {' and the '.join(one.because)} changed", "not dim")
    line.append("" if one.stands else "; replaced since", "not dim")
    console.print(line, soft_wrap=True)
    if one.note:
        console.print(Text(f"      {one_line(one.note, 300)}"), soft_wrap=True)
    if one.terms:
        console.print(Text(f"      {_terms(one)}", "dim"), soft_wrap=True)


def _terms(one: Graded) -> str:
    terms = one.terms
    return one_line(
        f"file {str(terms.get('sha256'))[:SHOWN]}, key {terms.get('key')}, course {str(terms.get('course'))[:SHOWN]}, "
        f"grader {terms.get('engine')}, {terms.get('seconds'):g} s an exercise",
        300,
    )
