"""When a submission came in and what the late policy takes off: recorded beside the points, never subtracted from them.

Times come from a table (`--times`) or from a download that has them. They are kept in the store, with the policy of the
last run that read the course, so that everything written from the store agrees. Without a time or a due date, nothing
is lost. A student's own due date is a decision by a person, and goes before the course's.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path

from grader.classroom.intake.columns import naming
from grader.classroom.intake.roster import Names, Student
from grader.classroom.marking import clock
from grader.classroom.marking.store import Store
from grader.classroom.marking.typed_rows import rows_of, shown_name
from grader.course.late_policy import Late, zone_called
from grader.course.settings import Settings
from grader.errors import GraderError
from grader.frozen import frozen
from grader.record import Kind, Record
from grader.text import one_line

NOTED = "late"  # the name in the store
# Headers of a column of times, best first: typed, Canvas's, Gradescope's, git's, and Moodle's worksheet in its languages
TIMES = (
    "time", "handed_in", "handed in", "submitted", "submitted_at", "submitted at", "submission time", "pushed_at",
    "committed_at", "timestamp", "last modified (submission)", "zuletzt geändert (abgabe)",
    "dernière modification (travail remis)", "última modificación (entrega)", "ultima modifica (consegna)", "date",
)  # fmt: skip
Times = dict[str, dict[str, datetime]]  # unit -> student -> when


@frozen
class Lateness:
    """When each student handed in, when each unit is due, the late policy, and the course's time zone."""

    times: Times = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    late: Late = field(default_factory=Late)
    timezone: str = ""

    def on(self, record: Record) -> Record:
        """The record with its time and the penalty by the policy, as if the student had this unit alone."""
        (only,) = self.of_student([record])
        return only

    def of_student(self, mine: Sequence[Record]) -> list[Record]:
        """All records of one student with their times and penalties. Slip days are used up in the order of due dates,
        where they save points."""
        left, found = self.late.slip_days, {}
        for at, record in sorted(enumerate(mine), key=lambda one: self._order(one[1])):
            found[at] = self._timed(record, left)
            left -= found[at].slip_days
        return [found[at] for at in range(len(mine))]

    def due_for(self, record: Record) -> datetime | None:
        """When a record's unit is due for its student: a date that a person gave, else the course's."""
        own = next((one.value for one in record.decided if one.kind is Kind.DUE), "")
        return clock.due(own, zone_called(self.timezone)) or self.due.get(record.unit)

    def _order(self, record: Record) -> tuple:
        due = self.due_for(record)
        return (due is None, due.timestamp() if due else 0.0, record.unit)

    def _timed(self, record: Record, slip_days: int) -> Record:
        at, due = self.times.get(record.unit, {}).get(record.student), self.due_for(record)
        record = replace(record, due=due.isoformat() if due else "", handed_in=at.isoformat() if at else "")
        days = self.late.begun(at, due, zone_called(self.timezone)) if at and due else 0
        if not days:
            return record
        if record.whole_by_hand is not None or record.is_excused:  # a person's word is the last
            return replace(record, days_late=days)
        slips = min(slip_days, days)
        if not record.points or self.late.kept_after(days - slips) == self.late.kept_after(days):
            slips = 0
        lost = record.points * (1 - self.late.kept_after(days - slips))
        return replace(record, days_late=days, slip_days=slips, penalty=round(lost, 6))


def known(store: Store) -> Lateness:
    """The lateness that is recorded in the store."""
    data = json.loads(store.noted(NOTED) or "{}")
    moment = datetime.fromisoformat
    times = {unit: {who: moment(at) for who, at in those.items()} for unit, those in data.get("times", {}).items()}
    due = {unit: moment(at) for unit, at in data.get("due", {}).items()}
    timezone = data.get("timezone", "")
    if timezone and not zone_called(timezone):
        raise GraderError(
            f"the course's time zone {timezone} is not known on this machine; `pip install tzdata` brings it"
        )
    return Lateness(times, due, Late(**data.get("late", {})), timezone)


def note(store: Store, settings: Settings, times: Times) -> None:
    """Record times, which replace older ones, and the course's current due dates and policy."""
    old = known(store)
    merged = {unit: old.times.get(unit, {}) | times.get(unit, {}) for unit in {**old.times, **times}}
    due = {unit: at for unit, at in old.due.items() if unit not in settings.units} | settings.due
    data = {
        "times": {unit: {who: at.isoformat() for who, at in those.items()} for unit, those in merged.items()},
        "due": {unit: at.isoformat() for unit, at in due.items()},
        "late": vars(settings.late),
        "timezone": settings.timezone,
    }
    text = json.dumps(data)
    if store.once(NOTED, text) != text:
        store.replace_once(NOTED, text)


def read_times(
    path: Path, units: Sequence[str], students: Iterable[Student], timezone: str = ""
) -> tuple[Times, list[str]]:
    """(times, unknown names) from a CSV file with a column for the student, one for the time, and perhaps one `unit`.

    A time is in ISO 8601 or as Moodle writes it; without an offset it is in the time zone, else in UTC. If a student
    has several rows, the latest time counts. Without a column `unit`, all times are for the class's only unit.
    """
    header, rows = rows_of(path, "times")
    names_in = naming(header)
    when = next((header.index(name) for name in TIMES if name in header), None)
    if names_in is None or when is None:
        raise GraderError(f"{path} needs a column that names a student, such as student, and one called time")
    which = header.index("unit") if "unit" in header else None
    if which is None and len(units) != 1:
        raise GraderError(
            f"{path} needs a column unit, as there are several: {', '.join(units)}; or name one with --unit"
        )
    known, times, strangers = Names(students), {}, []
    for line, row in rows:
        unit = row[which] if which is not None else units[0]
        student = known.find(*names_in(row))
        if row[when].casefold() in clock.NEVER or unit not in units:
            continue
        moment = _moment(row[when], timezone, path, line)
        if student is None:
            strangers.append(shown_name(names_in(row)))
            continue
        those = times.setdefault(unit, {})
        those[student] = max(moment, those.get(student, moment))
    return times, strangers


def _moment(text: str, timezone: str, path: Path, line: int) -> datetime:
    if moment := clock.moment(text, zone_called(timezone)):
        return moment
    raise GraderError(
        f"{path}, line {line}: {one_line(text, 60)!r} is no time; write it as 2026-11-20T23:59:00+01:00, or without the "
        f"offset in {timezone or 'UTC'}"
    )
