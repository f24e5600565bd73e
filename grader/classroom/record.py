"""One student's result for one unit: what a class run writes and everything after it reads."""

from dataclasses import dataclass
from enum import StrEnum

from grader.report import Report


class Outcome(StrEnum):
    """What became of a student's submission; each student of the roster has exactly one for a unit."""

    GRADED = "graded"
    ABSENT = "absent"  # on the roster, and nothing was handed in
    UNREADABLE = "unreadable"  # handed in, and it cannot be taken: a damaged archive, a link, a file too large


@dataclass(frozen=True)
class Record:
    """`report` is None unless the outcome is graded; `note` is a sentence on what was odd about the intake, or empty.

    `student` is data from a roster or a file's name: whoever shows it makes it inert first.
    """

    student: str
    unit: str
    outcome: Outcome
    max_points: int
    report: Report | None = None
    note: str = ""

    @property
    def points(self) -> int:
        return self.report.points if self.report else 0
