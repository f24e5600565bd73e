"""A student's past in the store: every grade, replaced or not, and every decision, in the order of time."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from grader.classroom.marking.decisions import every
from grader.classroom.marking.running import WHY
from grader.classroom.marking.store import Store
from grader.frozen import frozen
from grader.record import Decision, Outcome

COLUMNS = "unit, outcome, points, max_points, note, terms, written"


@frozen
class Graded:
    """One record as it was written: what it was graded on, and why it was graded again where an earlier one was replaced.

    `terms` has the key, the versions of course and grader, the time limit and the file's hash; it is empty for a record
    without a file. `stands` says whether nothing has replaced it.
    """

    unit: str
    outcome: Outcome
    points: int
    max_points: int
    note: str
    terms: Mapping[str, Any]
    at: str
    stands: bool
    because: tuple[str, ...] = ()


def past_of(store: Store, student: str) -> list[Graded | Decision]:
    """All that happened to a student's units, oldest first."""
    rows = [(row, False) for row in _rows(store, "history", student)] + [
        (row, True) for row in _rows(store, "records", student)
    ]
    found: list[Graded | Decision] = [*_graded(rows), *(one for one in every(store) if one.student == student)]
    return sorted(found, key=lambda one: (one.at, isinstance(one, Decision)))  # a decision is about what was there


def _rows(store: Store, table: str, student: str) -> list[tuple]:
    return store.database.execute(f"SELECT {COLUMNS} FROM {table} WHERE student = ? ORDER BY written", (student,))


def _graded(rows: list[tuple[tuple, bool]]) -> Iterator[Graded]:
    """The records, each with what was new since the one of its unit before."""
    before: dict[str, Mapping[str, Any]] = {}
    for (unit, outcome, points, most, note, terms, at), stands in rows:
        now = json.loads(terms)
        then = before.get(unit)
        because = ()
        if then is not None and "key" in then:
            words = {"sha256": "file"} | WHY
            because = tuple(word for name, word in words.items() if now.get(name) != then.get(name))
        before[unit] = now
        yield Graded(unit, Outcome(outcome), points, most, note, now if "key" in now else {}, at, stands, because)
