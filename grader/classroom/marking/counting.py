"""The records of a class as they count: what the machine found, what people decided about it, and what was late."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from grader.classroom.marking.decisions import every, standing
from grader.classroom.marking.lateness import known
from grader.classroom.marking.store import Store, records
from grader.record import Record


def counted(store: Store) -> Iterator[Record]:
    """Every record of the store with the decisions that stand and its lateness: what all exports and pages show.

    One student's records are in memory at a time.
    """
    late, stands = known(store), standing(every(store))
    for _, mine in groupby(records(store), key=lambda record: record.student):
        yield from late.of_student(
            [replace(record, decided=stands.get((record.student, record.unit), ())) for record in mine]
        )


def counted_of(store: Store, student: str) -> list[Record]:
    """One student's records as they count."""
    return [record for record in counted(store) if record.student == student]
