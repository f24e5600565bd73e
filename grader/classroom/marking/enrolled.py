"""How a store keeps what a roster says of a student besides the id: a JSON text."""

import json

from grader.classroom.intake.roster import Student


def to_text(student: Student) -> str:
    """What is kept of a student besides the id."""
    return json.dumps({"name": student.name, "others": student.others, "is": student.attributes})


def joined(old: Student | None, new: Student) -> Student:
    """A student by a new roster, or by none, and by what an earlier one said."""
    if old is None:
        return new
    others = tuple(dict.fromkeys([*new.others, *old.others]))
    return Student(new.id, others, new.name or old.name, new.attributes or old.attributes)


def from_text(student: str, text: str) -> Student:
    """A student from what was kept; in older stores it is a list of other names alone."""
    said = json.loads(text)
    if isinstance(said, list):
        return Student(student, tuple(said))
    return Student(student, tuple(said["others"]), said["name"], tuple((name, value) for name, value in said["is"]))
