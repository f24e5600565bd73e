"""Write records to files: CSV, JSON Lines, Parquet. Each file appears whole or not at all."""

import contextlib
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from grader.classroom.gradebooks.by_hand import listed, state
from grader.files import cannot_write, replacing, replacing_text
from grader.record import Record
from grader.report import to_json
from grader.text import inert

COLUMNS = (
    "student",
    "name",
    "unit",
    "outcome",
    "points",
    "max_points",
    "note",
    "submission",
    "sha256",
    "key",
    "seconds",
)
LATE = ("handed_in", "late_penalty", "points_left")  # columns for lateness, which does not change the points
# of a student's own due date, of the late policy, and of what people decided; `earned` is by the machine alone
MORE = ("due", "days_late", "slip_days", "earned", "state", "decisions")
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # what a spreadsheet takes for the start of a formula


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: controls are escaped, and a quote goes before a leading = etc."""
    shown = inert(text)
    return f"'{shown}" if text.startswith(FORMULA) or shown.lstrip().startswith(FORMULA) else shown


def to_data(record: Record) -> dict[str, Any]:
    """A record as JSON data: student, outcome, and the report as in `grade --format json`."""
    return {
        "student": record.student,
        "name": record.name,
        "unit": record.unit,
        "outcome": str(record.outcome),
        "points": record.points,
        "max_points": record.max_points,
        "note": record.note,
        "handed_in": record.handed_in,
        "late_penalty": record.penalty,
        "points_left": record.points_left,
        "due": record.due,
        "days_late": record.days_late,
        "slip_days": record.slip_days,
        "earned": record.earned,
        "points_by_exercise": record.by_exercise(),
        "state": state(record),
        "decisions": [vars(one) | {"kind": str(one.kind)} for one in record.decided],
        "key": record.report.key if record.report else "",
        "report": to_json(record.report) if record.report else None,
    }


def write_json_lines(records: Iterable[Record], path: Path) -> None:
    """Write one JSON object per line, in ASCII, so that no terminal interprets anything in it."""
    with whole(path) as file:
        for record in records:
            file.write(json.dumps(to_data(record)) + "\n")


def write_csv(records: Iterable[Record], path: Path) -> None:
    """Write a row for each record, with a column for each exercise of the class's units; empty where it has no points."""
    rows = [(_row(record), record.by_exercise()) for record in records]
    exercises = list(dict.fromkeys(name for _, points in rows for name in points))
    with whole(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *LATE, *MORE, *exercises])
        for row, points in rows:
            writer.writerow([*row, *(decimal(points[name]) if name in points else "" for name in exercises)])


def _row(record: Record) -> list[Any]:
    report = record.report
    of_report = [cell(report.submission), report.sha256, report.key, round(report.seconds, 4)] if report else [""] * 4
    texts = [cell(record.student), cell(record.name), record.unit, str(record.outcome)]
    late = [record.handed_in, decimal(record.penalty), decimal(record.points_left)]
    more = [record.due, record.days_late, record.slip_days, record.earned, state(record), cell(listed(record.decided))]
    points = decimal(record.points) if record.has_points else ""  # no number where nothing was marked
    return [*texts, points, record.max_points, cell(record.note), *of_report, *late, *more]


def decimal(points: float) -> str:
    """Points without superfluous digits."""
    return f"{points:.6f}".rstrip("0").rstrip(".")


@contextlib.contextmanager
def whole(path: Path, newline: str = "") -> Iterator[TextIO]:
    """A text file that takes its place when it is complete; GraderError if it cannot be written."""
    try:
        with replacing_text(path, newline, is_private=True) as file:  # other users must not read grades
            yield file
    except OSError as error:
        raise cannot_write(path, error) from None


@contextlib.contextmanager
def whole_bytes(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when it is complete; GraderError if it cannot be written."""
    try:
        with replacing(path, is_private=True) as file:
            yield file
    except OSError as error:
        raise cannot_write(path, error) from None
