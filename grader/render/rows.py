"""A report as rows, one for each claim: the common source of every format that is a flat list of results."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from grader.frozen import frozen
from grader.render.formats import Graded
from grader.render.plain_words import word_of
from grader.report import CheckReport, ExerciseReport, Report, Status
from grader.text import inert, one_line

MAX_PRINTED = 4000  # characters of a student's printed output in a format for programs


@frozen
class Row:
    """One claim. `name` is inert and unique, `number` is its position, such as 2.1, `share` its part of the time."""

    name: str
    number: str
    report: Report
    exercise: ExerciseReport
    check: CheckReport
    share: float

    @property
    def passed(self) -> bool:
        return self.check.status is Status.PASSED

    @property
    def place(self) -> str:
        """The number of the exercise alone."""
        return self.number.partition(".")[0]

    @property
    def line(self) -> int:
        """The line to look at in the student's file, 0 if unknown."""
        return (self.check.finding.line if self.check.finding else 0) or self.exercise.line

    @property
    def told(self) -> str:
        """What was found and what to try; empty if the claim holds."""
        if finding := self.check.finding:
            return inert(finding.message) + (f"\n→ {inert(finding.hint)}" if finding.hint else "")
        return "not asked" if self.check.status is Status.SKIPPED else ""

    @property
    def printed(self) -> str:
        """The student's printed output, on one row only: of the first claim that did not pass, else of the last."""
        unpassed = [check for check in self.exercise.checks if check.status is not Status.PASSED]
        return (
            inert(self.exercise.printed, MAX_PRINTED) if self.check is [*unpassed, self.exercise.checks[-1]][0] else ""
        )


def rows(graded: Graded) -> Iterator[Row]:
    """The rows of all reports. If two files are of the same unit, the names include the file."""
    units, names = Counter(report.unit for _, report in graded), Counter()
    for place, (report, exercise) in enumerate(((r, e) for _, r in graded for e in r.exercises), 1):
        prefix = f"{file_of(report)}: " if units[report.unit] > 1 else ""
        short = exercise.id if len(graded) > 1 else exercise.id.partition(".")[2]
        for part, check in enumerate(exercise.checks, 1):
            name = prefix + f"{short}: {one_line(check.claim)}"
            names[name] += 1
            name += f" ({names[name]})" if names[name] > 1 else ""
            yield Row(name, f"{place}.{part}", report, exercise, check, exercise.seconds / len(exercise.checks))


def file_of(report: Report) -> str:
    """The submission's path, inert and with forward slashes, as platforms want it."""
    return one_line(PurePath(report.submission).as_posix())


def points_of(graded: Graded) -> tuple[int, int]:
    """(points, maximum points) of all reports together."""
    return sum(report.points for _, report in graded), sum(report.max_points for _, report in graded)


def verdict(exercise: ExerciseReport) -> str:
    """One word or two on how an exercise ended."""
    if exercise.status is Status.PASSED:
        return "right"
    return word_of(exercise) or ("partly right" if exercise.points else "wrong")
