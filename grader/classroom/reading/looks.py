"""Which submissions a teacher should look at, and why: crashed, empty, hostile, absent, unusual."""

from collections.abc import Sequence

from grader.frozen import frozen
from grader.record import Outcome, Record
from grader.report import ExerciseReport, Status

# Worst first. Each sentence is for the teacher; none accuses anybody.
WORDS = {
    "grader_error": "the grader itself failed, points are open",
    "forbidden": "uses what is not allowed",
    "reached": "reached for the network, other processes or files",
    "crash": "ended its process",
    "output": "flooded its output",
    "memory": "asked for too much memory",
    "timeout": "took too long",
    "unreadable": "cannot be read",
    "note": "odd when it was taken in",
    "empty": "nothing was written",
    "absent": "nothing was handed in",
}
ORDER = list(WORDS)
STATUSES = {
    Status.GRADER_ERROR: "grader_error",
    Status.FORBIDDEN: "forbidden",
    Status.CRASH: "crash",
    Status.MEMORY: "memory",
    Status.TIMEOUT: "timeout",
    Status.UNREADABLE: "unreadable",
}


@frozen
class Reason:
    """Why a submission needs a look: `kind` is a key of WORDS, `message` the finding of the first of `exercises`."""

    kind: str
    exercises: tuple[str, ...] = ()
    message: str = ""

    @property
    def words(self) -> str:
        return WORDS[self.kind]


@frozen
class Look:
    """One student's unit that needs a look; the worst reason first."""

    student: str
    unit: str
    reasons: tuple[Reason, ...]


def needs_a_look(records: Sequence[Record]) -> list[Look]:
    """All submissions that need a look, the worst first, and otherwise in the order of the records."""
    found = [Look(record.student, record.unit, reasons) for record in records if (reasons := _reasons(record))]
    return sorted(found, key=lambda look: ORDER.index(look.reasons[0].kind))


def _reasons(record: Record) -> tuple[Reason, ...]:
    if record.is_excused:
        return ()  # somebody has looked already
    if record.outcome is not Outcome.GRADED or record.report is None:
        kind = "absent" if record.outcome is Outcome.ABSENT else "unreadable"
        return (Reason(kind, message=record.note),)
    reasons = [Reason("note", message=record.note)] if record.note else []
    exercises = record.report.exercises
    if exercises and all(item.status is Status.MISSING for item in exercises):
        reasons.append(Reason("empty"))
    kinds: dict[str, list[ExerciseReport]] = {}
    for item in exercises:
        if kind := _kind(item):
            kinds.setdefault(kind, []).append(item)
    reasons += [Reason(kind, tuple(item.id for item in items), _message(items[0])) for kind, items in kinds.items()]
    return tuple(sorted(reasons, key=lambda reason: ORDER.index(reason.kind)))


def _kind(item: ExerciseReport) -> str:
    """The kind of reason why an exercise needs a look, or empty; a wrong answer is no reason."""
    findings = [check.finding for check in item.checks if check.finding]
    if item.status is Status.CRASH and any(finding.kind == "output" for finding in findings):
        return "output"
    if item.status is Status.ERROR and any(finding.message.startswith("PermissionError") for finding in findings):
        return "reached"  # Python raises these for what the sandbox refuses
    return STATUSES.get(item.status, "")


def _message(item: ExerciseReport) -> str:
    return next((check.finding.message for check in item.checks if check.finding), "")
