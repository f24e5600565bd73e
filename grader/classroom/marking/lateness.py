"""When a submission came in and what the late policy takes off: recorded beside the points, never subtracted from them.

Times come from a table (`--times`) or from a download that has them. They are kept in the store, with the policy of the
last run that read the course, so that everything written from the store agrees. Without a time or a due date, nothing
is lost.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.classroom.intake.gradescope_list import moment_of
from grader.classroom.intake.roster import IDS, Names, Student, table
from grader.classroom.marking.store import Store, records
from grader.course.settings import Late, Settings
from grader.errors import GraderError
from grader.record import Record
from grader.text import one_line

NOTED = "late"  # the name in the store
TIMES = ("time", "handed_in", "handed in", "submitted", "submitted_at", "submission time", "timestamp", "date")
Times = dict[str, dict[str, datetime]]  # unit -> student -> when


@dataclass(frozen=True)
class Lateness:
    """When each student handed in, when each unit is due, and the late policy."""

    times: Times = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    late: Late = field(default_factory=Late)

    def on(self, record: Record) -> Record:
        """The record with its time and the penalty by the policy."""
        at, due = self.times.get(record.unit, {}).get(record.student), self.due.get(record.unit)
        if at is None:
            return record
        lost = record.points * (1 - self.late.kept((at - due).total_seconds())) if due else 0.0
        return replace(record, handed_in=at.isoformat(), penalty=round(lost, 6))


def known(store: Store) -> Lateness:
    """The lateness that is recorded in the store."""
    data = json.loads(store.noted(NOTED) or "{}")
    moment = datetime.fromisoformat
    times = {unit: {who: moment(at) for who, at in those.items()} for unit, those in data.get("times", {}).items()}
    due = {unit: moment(at) for unit, at in data.get("due", {}).items()}
    return Lateness(times, due, Late(**data.get("late", {})))


def note(store: Store, settings: Settings, times: Times) -> None:
    """Record times, which replace older ones, and the course's current due dates and policy."""
    old = known(store)
    merged = {unit: old.times.get(unit, {}) | times.get(unit, {}) for unit in {**old.times, **times}}
    due = {unit: at for unit, at in old.due.items() if unit not in settings.units} | settings.due
    data = {
        "times": {unit: {who: at.isoformat() for who, at in those.items()} for unit, those in merged.items()},
        "due": {unit: at.isoformat() for unit, at in due.items()},
        "late": vars(settings.late),
    }
    text = json.dumps(data)
    if store.once(NOTED, text) != text:
        store.replace_once(NOTED, text)


def timed(store: Store) -> Iterator[Record]:
    """Every record of the store, with its lateness."""
    lateness = known(store)
    return (lateness.on(record) for record in records(store))


def read_times(path: Path, units: Sequence[str], students: Iterable[Student]) -> tuple[Times, list[str]]:
    """(times, unknown names) from a CSV file with a column for the student, one for the time, and perhaps one `unit`.

    A time is in ISO 8601, in UTC without a zone, like due dates. If a student has several rows, the latest time counts.
    Without a column `unit`, all times are for the class's only unit.
    """
    header, rows = _rows(path)
    who = [at for at, name in enumerate(header) if name in IDS]
    when = next((header.index(name) for name in TIMES if name in header), None)
    if not who or when is None:
        raise GraderError(f"{path} needs a column that names a student, such as student, and one called time")
    which = header.index("unit") if "unit" in header else None
    if which is None and len(units) != 1:
        raise GraderError(
            f"{path} needs a column unit, as there are several: {', '.join(units)}; or name one with --unit"
        )
    names, times, strangers = Names(students), {}, []
    for number, row in rows:
        row += [""] * (len(header) - len(row))
        unit = row[which] if which is not None else units[0]
        student = names.find(*(row[at] for at in who if row[at]))
        if not row[when] or unit not in units:
            continue
        moment = _moment(row[when], path, number)
        if student is None:
            strangers.append(one_line(next((row[at] for at in who if row[at]), "?"), 60))
            continue
        those = times.setdefault(unit, {})
        those[student] = max(moment, those.get(student, moment))
    return times, strangers


def _rows(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header in lower case, and (line, cells) of each row below it."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GraderError(
            f"cannot read the times {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    try:
        first, *rows = [*table(text)] or [[]]
    except csv.Error as error:
        raise GraderError(f"the times {path} are no CSV file ({error})") from None
    header = [cell.strip().casefold() for cell in first]
    return header, ((number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 2) if any(row))


def _moment(text: str, path: Path, line: int) -> datetime:
    if moment := moment_of(text):
        return moment
    raise GraderError(
        f"{path}, line {line}: {one_line(text, 60)!r} is no time; write it as 2026-11-20T23:59:00+01:00, or without the zone "
        "in UTC"
    )
