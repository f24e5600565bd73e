"""One exercise of one student looked into again: the bytes and the key of the recorded grade, asked once more.

The grade itself is not touched, whatever comes out.
"""

from typing import Any

import numpy as np

from grader.classroom.marking.kept_files import kept
from grader.classroom.marking.store import Store
from grader.errors import GraderError
from grader.frozen import frozen
from grader.grading import grade
from grader.grading.judge import Answer
from grader.identity import ByIdentity
from grader.key import Key, Question, from_bytes
from grader.nest import leaves, subscripts
from grader.record import Record
from grader.report import CheckReport, ExerciseReport, Status
from grader.sandbox.server import Sandbox
from grader.submission import Submission

MOST = 60  # characters of an array's line; beyond, NumPy breaks it
ENTRIES = 60  # of an array that are written out


@frozen
class Asked:
    """One question and what came back, as text."""

    label: str
    inputs: str
    expected: str
    answered: str


@frozen
class Decided:
    """A check, what it earned, and the questions that decide it, where they were asked."""

    check: CheckReport
    questions: tuple[Asked, ...]


@frozen
class Appeal:
    """The submission, the exercise's report as recorded and as it comes out now, and what was asked."""

    record: Record
    submission: Submission
    recorded: ExerciseReport
    again: ExerciseReport
    decided: tuple[Decided, ...]

    @property
    def is_same(self) -> bool:
        """Whether every check comes out as it was recorded."""
        now, then = (
            [(check.claim, check.status, check.points) for check in one.checks] for one in (self.again, self.recorded)
        )
        return now == then and self.again.status is self.recorded.status


def look_into(store: Store, record: Record, exercise: str, sandbox: Sandbox) -> Appeal:
    """Ask an exercise again; GraderError where the store has no grade, no file or no key for it."""
    report = record.report
    if report is None:
        raise GraderError(f"{record.student} has no grade for {record.unit}: the record is {record.outcome}")
    recorded = next((one for one in report.exercises if one.id == f"{record.unit}.{exercise}"), None)
    if recorded is None:
        raise GraderError(f"the grade of {record.student} for {record.unit} has no exercise {exercise}")
    submission = kept(store, report.sha256)
    if submission is None:
        raise GraderError(
            f"the store does not have the file that {record.student} was graded on; run `grade class` "
            "once more on what was handed in, which keeps it and grades nothing again"
        )
    key = _key(store, record.unit, report.key)
    heard: ByIdentity[Question, Answer] = ByIdentity()

    def listen(question: Question, answer: Answer) -> None:
        heard[question] = answer

    (again,) = grade(submission, key, sandbox, only=[exercise], listen=listen).exercises
    asked = key.exercise(exercise)
    decided = []
    for check, part in zip(again.checks, asked.checks, strict=True):
        questions = [asked.questions[number] for group in part.groups for number in group]
        known = tuple(_asked(question, heard[question]) for question in questions if question in heard)
        decided.append(Decided(check, () if check.status is Status.PASSED else known))
    return Appeal(record, submission, recorded, again, tuple(decided))


def _key(store: Store, unit: str, wanted: str) -> Key:
    """The key with this id; the store keeps every key that it ever graded with."""
    for (content,) in store.database.execute("SELECT content FROM keys"):
        key = from_bytes(bytes(content), unit)
        if key.id == wanted:
            return key
    raise GraderError(f"the store {store.database.name} does not have the key {wanted}, so nothing can be asked again")


def _asked(question: Question, answer: Answer) -> Asked:
    came = answer.finding.message if answer.finding else written(answer.value)
    inputs = "\n".join(f"{name} = {written(value)}" for name, value in question.inputs.items())
    return Asked(question.label, inputs, written(question.expected), came)


def written(value: Any) -> str:
    """A value of a question or an answer as text: arrays with their shape and dtype, and the rest as Python writes it."""
    parts = leaves(value)
    if not any(isinstance(leaf, np.ndarray) for _, leaf in parts) and not isinstance(value, dict):
        return repr(value)
    return "\n".join(f"{subscripts(path)} {_leaf(leaf)}".strip() for path, leaf in parts)


def _leaf(leaf: Any) -> str:
    if not isinstance(leaf, np.ndarray):
        return repr(leaf)
    text = np.array2string(leaf, precision=6, threshold=ENTRIES, max_line_width=MOST, separator=", ")
    return f"array of shape {leaf.shape}, {leaf.dtype}:\n{text}"
