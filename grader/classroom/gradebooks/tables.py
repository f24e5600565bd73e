"""Write records for data tools and for nbgrader: each needs a package of its own, imported only when it is used."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from grader.classroom.gradebooks.exports import whole_bytes
from grader.classroom.intake.nbbook import opened, utc
from grader.errors import GraderError
from grader.record import Record

BATCH = 5_000  # rows that are held in memory at once


def write_parquet(records: Iterable[Record], path: Path) -> None:
    """Write a row for each exercise of each record; a record without a report has one row without an exercise."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise GraderError("Parquet needs pyarrow; install it with `pip install 'deep-grade[parquet]'`") from None
    texts = ["student", "unit", "outcome", "note", "submission", "sha256", "key", "isolation", "exercise", "status"]
    more = [pa.field("mistakes", pa.list_(pa.string()))]
    numbers = [pa.field(name, pa.int32()) for name in ("points", "max_points")]
    schema = pa.schema([*(pa.field(name, pa.string()) for name in texts), *numbers, ("seconds", pa.float64()), *more])
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
    report = record.report
    if report is None:
        return [who | {"points": 0, "max_points": record.max_points}]
    what = {"submission": report.submission, "sha256": report.sha256, "key": report.key, "isolation": report.isolation}
    return [
        who
        | what
        | {
            "exercise": exercise.id,
            "status": str(exercise.status),
            "points": exercise.points,
            "max_points": exercise.max_points,
            "seconds": exercise.seconds,
            "mistakes": [check.finding.mistake for check in exercise.checks if check.finding and check.finding.mistake],
        }
        for exercise in report.exercises
    ]


def write_nbgrader(records: Iterable[Record], url: str) -> None:
    """Write points into an nbgrader gradebook: an assignment for each unit, a grade cell for each exercise.

    nbgrader itself neither runs nor reads a submission.
    """
    with opened(url) as book:
        for record in records:
            if record.report is None:
                book.update_or_create_student(record.student)
                continue
            book.update_or_create_assignment(record.unit)
            book.update_or_create_notebook(record.unit, record.unit)
            for exercise in record.report.exercises:
                name = exercise.id.partition(".")[2]
                book.update_or_create_grade_cell(
                    name, record.unit, record.unit, max_score=exercise.max_points, cell_type="code"
                )
            book.update_or_create_student(record.student)
            at = {"timestamp": utc(datetime.fromisoformat(record.handed_in))} if record.handed_in else {}
            submission = book.update_or_create_submission(record.unit, record.student, **at)
            for notebook in submission.notebooks:
                notebook.late_submission_penalty = record.penalty or None
            for exercise in record.report.exercises:
                grade = book.find_grade(exercise.id.partition(".")[2], record.unit, record.unit, record.student)
                grade.auto_score, grade.needs_manual_grade = float(exercise.points), False
        book.db.commit()
