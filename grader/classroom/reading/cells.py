"""The data from which the class report's script builds its table of students."""

from collections.abc import Mapping, Sequence
from typing import Any

from grader.classroom.reading.looks import STATUSES, Look
from grader.classroom.reading.looks import WORDS as TO_LOOK_AT
from grader.classroom.reading.statistics import UNDECIDED, ExerciseFigures, totals, units_of
from grader.record import Record
from grader.report import ExerciseReport, Status
from grader.text import one_line

FULL, PART, NONE, MISSING, ENDED, OPEN = range(6)  # of a cell, as the script numbers them
WORDS = {status: TO_LOOK_AT[kind] for status, kind in STATUSES.items()} | {
    Status.PASSED: "all points",
    Status.FAILED: "a wrong answer",
    Status.ERROR: "stopped by an exception",
    Status.MISSING: "not written",
    Status.SKIPPED: "skipped",
    Status.PENDING: "pending",
    Status.GRADER_ERROR: "the grader's own fault",
}
ALL_WORDS = [*WORDS.values(), "not asked"]


def cells(
    by_student: dict[str, list[Record]],
    items: Sequence[ExerciseFigures],
    looks: Sequence[Look],
    sets: Sequence[list[int]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """The data, ready for JSON; `sets` are the groups of students that clicks select, as indices into `by_student`.

    `names` are what students are called, by id.
    """
    units = units_of(items)
    known = {unit: [item for item in items if item.id.partition(".")[0] == unit] for unit in units}
    worst: dict[str, str] = {}
    for look in looks:
        worst.setdefault(look.student, look.reasons[0].words)
    return {
        "words": ALL_WORDS,
        "units": [
            {
                "name": one_line(unit),
                "most": sum(item.max_points for item in known[unit]),
                "exercises": [[one_line(item.id.partition(".")[2]), item.max_points] for item in known[unit]],
            }
            for unit in units
        ],
        "students": [
            _student(student, names[student], records, known, worst.get(student, ""))
            for student, records in by_student.items()
        ],
        "sets": list(sets),
    }


def _student(
    student: str, name: str, records: Sequence[Record], known: dict[str, list[ExerciseFigures]], look: str
) -> dict[str, Any]:
    points, most = totals(records)[student]
    graded = {record.unit: record for record in records if record.report}
    return {
        "name": one_line(name, 80),
        "id": one_line(student, 80),
        "points": points if any(record.report or record.is_by_hand for record in records) else None,
        "most": most,
        "seconds": round(sum(record.report.seconds for record in graded.values()), 3) if graded else None,
        "look": look,
        "units": [_cells(graded.get(unit), [item.id for item in items]) for unit, items in known.items()],
    }


def _cells(record: Record | None, exercises: Sequence[str]) -> dict[str, list] | None:
    if record is None:
        return None
    found = {item.id: item for item in record.report.exercises}
    items, counted = [found.get(name) for name in exercises], record.by_exercise()
    return {
        "points": [counted.get(name) for name in exercises],
        "whole": record.whole_by_hand,
        "states": [_state(item, counted.get(item.id, 0)) if item else OPEN for item in items],
        "words": [ALL_WORDS.index(WORDS[item.status] if item else "not asked") for item in items],
    }


def _state(item: ExerciseReport, points: float) -> int:
    """The state of a cell; `points` are those that count, which a person may have decided."""
    if points != item.points:
        return FULL if points >= item.max_points else PART if points else NONE
    if item.status in UNDECIDED:
        return OPEN
    if item.status is Status.MISSING:
        return MISSING
    if item.status not in (Status.PASSED, Status.FAILED, Status.ERROR):
        return ENDED
    return FULL if item.points == item.max_points else PART if item.points else NONE
