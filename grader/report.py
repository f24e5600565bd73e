"""A report: what was asked, found and earned, as frozen data with one versioned JSON form."""

from collections.abc import Mapping
from dataclasses import field, fields
from enum import StrEnum
from typing import Any

from grader.frozen import frozen
from grader.text import tame
from grader.typed import build

SCHEMA = 1
MOST_POINTS = 10**6  # of anything: nobody earns more, and the display could not draw it


class Status(StrEnum):
    """How an exercise, or one check of it, ended. A check knows only passed, failed and skipped."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"
    PENDING = "pending"
    GRADER_ERROR = "grader_error"


UNJUDGED = (Status.MISSING, Status.SKIPPED, Status.PENDING)  # there was nothing to judge, or not now

KINDS = frozenset(
    [
        "value",
        "shape",
        "dtype",
        "type",
        "nonfinite",
        "mutated",
        "exception",
        "timeout",
        "memory",
        "crash",
        "output",
        "forbidden",
        "missing",
    ]
)


@frozen
class ErrorMap:
    """|yours − expected| for one part of an answer, reduced to rows and columns for display.

    Each cell holds the largest error of a block over the last two axes, and over all leading axes. 0 means right,
    infinity means not finite. `shape` is the shape of the part itself; a vector becomes a single row.
    """

    part: str
    shape: tuple[int, ...]
    rows: tuple[tuple[float, ...], ...]


@frozen
class Finding:
    """What was wrong, where and by how much (`message`), and what to try (`hint`).

    `line` is where it happened in the submission's file, 0 where that is not known, and `map` shows where an array is
    wrong; neither is part of the JSON form.
    """

    kind: str
    message: str
    hint: str = ""
    mistake: str = ""
    line: int = 0
    map: ErrorMap | None = field(default=None, compare=False, repr=False)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of finding; kinds are {sorted(KINDS)}")
        _tame(self, "message", "hint", "mistake")


@frozen
class CheckReport:
    claim: str
    status: Status
    points: int
    max_points: int
    finding: Finding | None = None

    def __post_init__(self):
        _tame(self, "claim")


@frozen
class Step:
    """A progress report of a training run, shown as a bar and a loss curve; it never affects the points."""

    step: int
    total: int
    loss: float


@frozen
class ExerciseReport:
    """The result of one exercise. `printed` is what the student's code printed, `curve` a training run's loss curve,
    and `band` the range of the reference's loss curve: (share of the run, lowest, highest). `line` is where the file
    defines the exercise, 0 if it does not or is a notebook. All four are for display and not part of the JSON form.
    """

    id: str
    status: Status
    points: int
    max_points: int
    seconds: float
    checks: tuple[CheckReport, ...]
    printed: str = ""
    curve: tuple[Step, ...] = ()
    band: tuple[tuple[float, float, float], ...] = ()
    line: int = 0

    def __post_init__(self):
        object.__setattr__(self, "printed", self.printed.replace("\r\n", "\n").replace("\r", "\n"))
        _tame(self, "id", "printed")


@frozen
class Report:
    """The result of grading one submission with one key. `sha256` is of the submission's bytes, `key` the key's id."""

    submission: str
    sha256: str
    unit: str
    key: str
    isolation: str
    seconds: float
    exercises: tuple[ExerciseReport, ...]

    def __post_init__(self):
        _tame(self, "submission", "unit", "key", "isolation")

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def max_points(self) -> int:
        return sum(exercise.max_points for exercise in self.exercises)

    @property
    def pending_points(self) -> int:
        """Points of exercises that were not asked, for a reason that is not the student's fault."""
        return sum(exercise.max_points for exercise in self.exercises if exercise.status is Status.PENDING)

    @property
    def is_perfect(self) -> bool:
        return self.points == self.max_points - self.pending_points

    @property
    def is_our_fault(self) -> bool:
        return any(exercise.status is Status.GRADER_ERROR for exercise in self.exercises)


def _tame(item: Any, *names: str) -> None:
    """Make text fields of a frozen record tame, so that code which shows a report need not."""
    for name in names:
        object.__setattr__(item, name, tame(getattr(item, name)))


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON data, schema 1."""
    return {
        "schema": SCHEMA,
        "submission": report.submission,
        "sha256": report.sha256,
        "unit": report.unit,
        "key": report.key,
        "isolation": report.isolation,
        "points": report.points,
        "max_points": report.max_points,
        "seconds": round(report.seconds, 4),
        "exercises": [_exercise_to_json(exercise) for exercise in report.exercises],
    }


def from_json(data: Mapping[str, Any]) -> Report:
    """Rebuild a report from the data that `to_json` wrote; ValueError for another schema or anything else."""
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        schema = data.get("schema") if isinstance(data, Mapping) else None
        raise ValueError(f"report has schema {schema!r}; this version reads {SCHEMA}")
    report = build(Report, data)
    for part in (*report.exercises, *(check for exercise in report.exercises for check in exercise.checks)):
        if not 0 <= part.points <= part.max_points <= MOST_POINTS:
            raise ValueError(f"report has {part.points} of {part.max_points} points somewhere")
    return report


def _exercise_to_json(exercise: ExerciseReport) -> dict[str, Any]:
    return _fields(exercise, "printed", "curve", "band", "line") | {
        "status": str(exercise.status),
        "seconds": round(exercise.seconds, 4),
        "checks": [_check_to_json(check) for check in exercise.checks],
    }


def _check_to_json(check: CheckReport) -> dict[str, Any]:
    finding = {"finding": _fields(check.finding, "line", "map")} if check.finding else {}
    return _fields(check, "finding") | {"status": str(check.status)} | finding


def _fields(record: Any, *left_out: str) -> dict[str, Any]:
    """A record's fields by name. `dataclasses.asdict` would copy the fields of the fields, one by one."""
    return {part.name: getattr(record, part.name) for part in fields(record) if part.name not in left_out}
