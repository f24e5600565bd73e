"""What students are called where people read: by the roster's names, or by numbers where nobody is to be known."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.classroom.intake.roster import Student
from grader.record import Kind, Record
from grader.text import one_line

NOT_SHOWN = "(not shown)"


def called(records: Iterable[Record]) -> dict[str, str]:
    """What each student of some records is called, by id."""
    return by_name((record.student, record.name) for record in records)


def by_name(people: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What students are called, from (id, name): the name, the id where there is none, both where two share a name."""
    names = {student: name or student for student, name in people}
    count = Counter(names.values())
    return {student: name if count[name] < 2 else f"{name} ({student})" for student, name in names.items()}


def with_id(student: str, people: Iterable[Student]) -> str:
    """A student by name and id, as far as they are known."""
    name = next((one.name for one in people if one.id == student), "")
    shown = one_line(student, 60)
    return f"{one_line(name, 60)} ({shown})" if name and name != student else shown


def by_number(students: Iterable[str]) -> dict[str, str]:
    """Numbers in place of names, in an order that says nothing and is the same each time."""
    mixed = sorted(set(students), key=lambda one: hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest())
    return {student: f"student {number}" for number, student in enumerate(mixed, 1)}


def anonymous(records: Sequence[Record]) -> list[Record]:
    """The records without what says whose they are: names, ids, notes, who decided and why, and the files' names."""
    numbers = by_number(record.student for record in records)
    return [
        replace(
            record,
            student=numbers[record.student],
            name="",
            note=NOT_SHOWN if record.note else "",
            decided=tuple(
                replace(
                    one,
                    student=numbers[record.student],
                    by=NOT_SHOWN,
                    why=NOT_SHOWN,
                    value=NOT_SHOWN if one.kind is Kind.COMMENT else one.value,
                )
                for one in record.decided
            ),
            report=record.report and replace(record.report, submission=NOT_SHOWN, sha256=""),
        )
        for record in records
    ]
