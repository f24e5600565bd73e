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
    """One student's result for one unit.

    `report` is None unless the outcome is graded; `note` is a sentence on anything odd about the intake, or empty.

        `student` comes from a roster or a file name, so make it inert before showing it. `handed_in` is a time in ISO
        8601,
    empty if unknown. `penalty` is what the late policy takes off; it is not subtracted from `points`.
    """

    student: str
    unit: str
    outcome: Outcome
    max_points: int
    report: Report | None = None
    note: str = ""
    handed_in: str = ""
    penalty: float = 0.0
    name: str = ""  # what people call the student, empty if no roster says so

    @property
    def person(self) -> str:
        """The student for people to read: by name where there is one, else by id."""
        return self.name or self.student

    @property
    def points(self) -> int:
        return self.report.points if self.report else 0

    @property
    def points_left(self) -> float:
        """The points less the late penalty."""
        return round(self.points - self.penalty, 6)
