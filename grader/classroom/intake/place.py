"""Where a file of a download lies: whose it is, and what the platform says of it."""

from datetime import datetime

from grader.classroom.intake.archives import ARCHIVES, Entry
from grader.classroom.intake.roster import Student
from grader.frozen import frozen
from grader.text import one_line


@frozen
class Place:
    """A file's owners (a group has several), its path below their own folder, and its turn: the highest one counts.

    `at` is when it was handed in, if the download says so. `instead` says what was handed in where it is no file, such
    as a link in Canvas's box. `number` is the platform's own of its owner, by which the owner may be found.
    `attempt` grows with each hand-in of a student: where a later one has a file for a unit, no earlier one counts.
    """

    entry: Entry
    owners: tuple[Student, ...]
    path: tuple[str, ...]
    turn: int = 0
    note: str = ""
    at: datetime | None = None
    instead: str = ""
    number: str = ""
    attempt: int = 0


def stem(name: str) -> str:
    """A file's name without its suffix, also a double one such as .tar.gz."""
    lower = name.lower()
    for suffix in (*ARCHIVES, ".py", ".ipynb"):
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def shown(entry: Entry) -> str:
    """A file's path for people to read."""
    return one_line("/".join(part for part in entry.path if part != "."), 120)
