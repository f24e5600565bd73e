"""Write records for data tools and for nbgrader: each needs a package of its own, imported only when it is used."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.classroom.gradebooks.by_hand import listed, state
from grader.classroom.gradebooks.exports import whole_bytes
from grader.classroom.intake.nbbook import opened, utc
from grader.errors import GraderError
from grader.record import Record

BATCH = 5_000  # rows that are held in memory at once


def write_parquet(records: Iterable[Record], path: Path) -> None:
    """Write a row for each exercise of each record; a record without a report or points has one row without an exercise.

    `points` are those that count, `earned` those by the machine, and `unit_points` those that count for the whole unit.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise GraderError("Parquet needs pyarrow; install it with `pip install 'deep-grade[parquet]'`") from None
    texts = ["student", "unit", "outcome", "note", "submission", "sha256", "key", "isolation", "exercise", "status"]
    texts += ["state", "decisions"]
    more = [pa.field("mistakes", pa.list_(pa.string()))]
    numbers = [pa.field(name, pa.float64()) for name in ("points", "unit_points", "seconds")]
    numbers += [pa.field(name, pa.int32()) for name in ("earned", "max_points")]
    schema = pa.schema([*(pa.field(name, pa.string()) for name in texts), *numbers, *more])
    with whole_bytes(path) as file, pq.ParquetWriter(file, schema) as writer:
        rows: list[dict] = []
        for record in records:
            rows += _rows(record)
            if len(rows) >= BATCH:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))


def _rows(record: Record) -> list[dict]:
    who = {"student": record.student, "unit": record.unit, "outcome": str(record.outcome), "note": record.note}
    who |= {"state": state(record), "decisions": listed(record.decided), "unit_points": record.points}
    report, points = record.report, record.by_exercise()
    if report is None:
        by_hand = [who | {"exercise": name, "points": points[name], "earned": 0} for name in points]
        return by_hand or [who | {"points": record.points, "earned": 0, "max_points": record.max_points}]
    what = {"submission": report.submission, "sha256": report.sha256, "key": report.key, "isolation": report.isolation}
    return [
        who
        | what
        | {
            "exercise": exercise.id,
            "status": str(exercise.status),
            "points": points[exercise.id],
            "earned": exercise.points,
            "max_points": exercise.max_points,
            "seconds": exercise.seconds,
            "mistakes": [check.finding.mistake for check in exercise.checks if check.finding and check.finding.mistake],
        }
        for exercise in report.exercises
    ]


def write_nbgrader(records: Iterable[Record], url: str) -> None:
    """Write points into an nbgrader gradebook: an assignment for each unit, a grade cell for each exercise.

    nbgrader itself neither runs nor reads a submission. Points by hand are entered like all others; those for a whole
    unit are shared out among its exercises. What is held or excused is left as it is.
    """
    with opened(url) as book:
        for record in records:
            book.update_or_create_student(record.student)
            if record.report and not record.is_held and not record.is_excused:
                _enter(book, record)
        book.db.commit()


def _enter(book: Any, record: Record) -> None:
    book.update_or_create_assignment(record.unit)
    book.update_or_create_notebook(record.unit, record.unit)
    for exercise in record.report.exercises:
        name = exercise.id.partition(".")[2]
        most = exercise.max_points
        book.update_or_create_grade_cell(name, record.unit, record.unit, max_score=most, cell_type="code")
    at = {"timestamp": utc(datetime.fromisoformat(record.handed_in))} if record.handed_in else {}
    submission = book.update_or_create_submission(record.unit, record.student, **at)
    for notebook in submission.notebooks:
        notebook.late_submission_penalty = record.penalty or None
    points = shared_out(record)
    for exercise in record.report.exercises:
        grade = book.find_grade(exercise.id.partition(".")[2], record.unit, record.unit, record.student)
        grade.auto_score, grade.needs_manual_grade = float(points[exercise.id]), False


def shared_out(record: Record) -> dict[str, float]:
    """The points of each exercise, which make up the record's points: those for a whole unit in equal shares of each."""
    if record.whole_by_hand is None or record.report is None or not record.report.max_points:
        return record.by_exercise()
    share = record.whole_by_hand / record.report.max_points
    return {one.id: share * one.max_points for one in record.report.exercises}
