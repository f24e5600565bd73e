"""The state of `grade --watch`: files with their keys and reports, the exercise in focus, and what a save changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader import submission
from grader.frozen import frozen
from grader.grading import grade
from grader.grading.training import ON_CPU, Training
from grader.key import ExerciseKey, Key
from grader.practice.fingerprints import of_exercises, of_submission
from grader.report import UNJUDGED, ExerciseReport, Report, Status
from grader.sandbox.inside.reading import parse
from grader.sandbox.server import Sandbox
from grader.submission import Submission, SubmissionError


@dataclass
class Watched:
    """One watched file: its key, its code when it was last graded, and a report for each exercise asked for."""

    path: Path
    key: Key
    only: tuple[str, ...] = ()
    handed_in: Submission | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    reports: dict[str, ExerciseReport] = field(default_factory=dict)
    isolation: str = ""

    @property
    def exercises(self) -> list[ExerciseKey]:
        return [exercise for exercise in self.key.exercises if not self.only or exercise.name in self.only]

    @property
    def files(self) -> list[Path]:
        """The file itself, and the student's own modules that it imports."""
        helpers = self.handed_in.helpers if self.handed_in else ()
        return [self.path, *(self.path.with_name(f"{name}.py") for name, _ in helpers)]

    @property
    def points(self) -> int:
        return sum(report.points for report in self.reports.values())

    @property
    def max_points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    def read(self) -> Submission:
        return submission.read(self.path, with_helpers=self.path.stem == self.key.unit)

    def looks_whole(self) -> bool:
        """Whether the file on disk is completely written: it parses, and no definition is gone."""
        try:
            handed_in = self.read()
            tree, reading = parse(handed_in.source, handed_in.file)
        except (SubmissionError, RecursionError, MemoryError):
            return False
        if reading.problems or not tree.body:
            return False
        known = [exercise.name for exercise in self.exercises]
        return not self.handed_in or all(handed_in.defines(name) for name in known if self.handed_in.defines(name))

    def regrade(self, sandbox: Sandbox, progress: Callable[[str], None], training: Training = ON_CPU) -> Report | None:
        """Grade the exercises whose code has changed since the last time; None if there are none."""
        handed_in = self.read()
        hashes = of_exercises(of_submission(handed_in), self.exercises)
        changed = [name for name, value in hashes.items() if name not in self.reports or value != self.hashes[name]]
        self.handed_in, self.hashes = handed_in, hashes
        if not changed:
            return None
        report = grade(handed_in, self.key, sandbox, changed, progress, training)
        self.isolation = report.isolation
        self.reports |= {item.id.partition(".")[2]: item for item in report.exercises}
        return report


@frozen
class Focus:
    """The exercise that is shown in detail: the file's index, its name, and how many of its hints are shown."""

    file: int
    name: str
    hints: int = 0


def is_passed(watched: Watched, name: str) -> bool:
    return watched.reports[name].status is Status.PASSED


def places(files: Sequence[Watched]) -> list[Focus]:
    """A focus on every exercise, in order."""
    return [Focus(number, exercise.name) for number, item in enumerate(files) for exercise in item.exercises]


def first_focus(files: Sequence[Watched]) -> Focus:
    """The first exercise that is begun and wrong, else the first that is not written, else the first that has not passed,
    else the first of all. What was not tried, such as a training run that waits for its pieces, is not wrong."""
    everything = places(files)
    reports = [files[at.file].reports[at.name] for at in everything]
    for wanted in (
        lambda s: s not in (Status.PASSED, *UNJUDGED),
        lambda s: s is Status.MISSING,
        lambda s: s is not Status.PASSED,
        lambda s: True,
    ):
        for at, report in zip(everything, reports, strict=True):
            if wanted(report.status):
                return at
    raise AssertionError("a key has at least one exercise")


def next_focus(files: Sequence[Watched], focus: Focus) -> Focus:
    """The next exercise that has not passed, cyclically after the one in focus; the same one if there is no other."""
    everything = places(files)
    here = everything.index(replace(focus, hints=0))
    for at in [*everything[here + 1 :], *everything[:here]]:
        if not is_passed(files[at.file], at.name):
            return at
    return focus


def after_save(files: Sequence[Watched], focus: Focus, number: int, report: Report) -> Focus:
    """The focus after a save: the same exercise if it is wrong, else the edited one, or the next if one has passed."""
    names = [exercise.id.partition(".")[2] for exercise in report.exercises]
    if focus.file == number and focus.name in names and not is_passed(files[number], focus.name):
        return focus
    begun = [name for name in names if files[number].reports[name].status not in (Status.PASSED, *UNJUDGED)]
    if begun:
        return Focus(number, begun[0])
    return next_focus(files, focus) if is_passed(files[focus.file], focus.name) else focus
