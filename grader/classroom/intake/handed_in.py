"""What one student handed in for one unit."""

from datetime import datetime

from grader.classroom.intake.kept import Kept
from grader.frozen import frozen
from grader.record import Outcome
from grader.submission import Submission


@frozen
class HandIn:
    """One student's submission for one unit: bytes to grade, or a problem, or neither if nothing was handed in.

    `name` is the path as given, `kept` the bytes, including the student's own modules in the same folder, and `at` the
    time when it was handed in, if known. `unread` lists what could not be read.
    """

    student: str
    unit: str
    name: str = ""
    kept: Kept | None = None
    problem: str = ""
    note: str = ""
    at: datetime | None = None
    unread: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.kept:
            return Outcome.GRADED
        return Outcome.UNREADABLE if self.problem else Outcome.ABSENT

    def read(self) -> Submission:
        """The bytes that will run; SubmissionError if they are no longer there."""
        return self.kept.read()
