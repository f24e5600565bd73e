"""One student's result for one unit: what a class run writes, what a person decided about it, and what counts."""

from enum import StrEnum

from grader.frozen import frozen
from grader.report import Report


class Outcome(StrEnum):
    """What became of a student's submission; each student of the roster has exactly one for a unit."""

    GRADED = "graded"
    ABSENT = "absent"  # on the roster, and nothing was handed in
    UNREADABLE = "unreadable"  # handed in, and it cannot be taken: a damaged archive, a link, a file too large


class Kind(StrEnum):
    """What a person can decide about a student's unit. What a machine found is never changed by it, only what counts."""

    POINTS = "points"  # for one exercise, or for the whole unit
    COMMENT = "comment"  # a text that the student reads
    HOLD = "hold"  # the result goes to nobody, until a person undoes the hold
    EXCUSE = "excuse"  # the unit does not count for this student
    DUE = "due"  # this student's own due date
    UNDO = "undo"  # takes an earlier decision back


@frozen
class Decision:
    """One decision by a person. `exercise` is a name without its unit, empty where the whole unit is meant.

    `value` is the points, the comment, the due date in ISO 8601, or the number of the decision that is undone. `number`
    and `at` (UTC, ISO 8601) come from the store. All texts are a person's, so make them inert before showing them.
    """

    student: str
    unit: str
    kind: Kind
    value: str = ""
    exercise: str = ""
    by: str = ""
    why: str = ""
    number: int = 0
    at: str = ""

    @property
    def target(self) -> str:
        """`unit` or `unit.exercise`."""
        return f"{self.unit}.{self.exercise}" if self.exercise else self.unit

    @property
    def points(self) -> float:
        """The points of a decision about points: a whole number where they are one."""
        number = float(self.value)
        return int(number) if number.is_integer() else number


@frozen
class Record:
    """One student's result for one unit.

    `report` is what the machine found, None unless the outcome is graded; `note` is a sentence on anything odd about
    the intake, or empty. `decided` are the decisions by a person that stand; `points` counts them, `earned` does not.

    `student` comes from a roster or a file name, so make it inert before showing it. `handed_in` and `due` are times
    in ISO 8601, empty if unknown. `penalty` is what the late policy takes off for `days_late` begun days, of which
    `slip_days` cost nothing; it is not subtracted from `points`.
    """

    student: str
    unit: str
    outcome: Outcome
    max_points: int
    report: Report | None = None
    note: str = ""
    handed_in: str = ""
    penalty: float = 0.0
    decided: tuple[Decision, ...] = ()
    due: str = ""
    days_late: int = 0
    slip_days: int = 0
    name: str = ""  # what people call the student, empty if no roster says so

    @property
    def person(self) -> str:
        """The student for people to read: by name where there is one, else by id."""
        return self.name or self.student

    @property
    def earned(self) -> int:
        """The points by the machine alone."""
        return self.report.points if self.report else 0

    @property
    def points(self) -> float:
        """The points that count, before anything is taken off for lateness: a person's where there are some."""
        whole = self.whole_by_hand
        return sum(self.by_exercise().values()) if whole is None else whole

    @property
    def points_left(self) -> float:
        """The points less the late penalty."""
        return round(self.points - self.penalty, 6)

    @property
    def whole_by_hand(self) -> float | None:
        """The points that a person gave for the whole unit. They are final: nothing is taken off for lateness."""
        return next((one.points for one in self._of(Kind.POINTS) if not one.exercise), None)

    def by_exercise(self) -> dict[str, float]:
        """The points of each exercise by its id: a person's where there are some, else the machine's."""
        found: dict[str, float] = {one.id: one.points for one in self.report.exercises} if self.report else {}
        return found | {one.target: one.points for one in self._of(Kind.POINTS) if one.exercise}

    @property
    def has_points(self) -> bool:
        """Whether there is a number to enter anywhere: a grade that is not our own fault, or a person's points."""
        if self.whole_by_hand is not None or self.report is None:
            return bool(self._of(Kind.POINTS))
        return not self.report.is_our_fault

    @property
    def is_held(self) -> bool:
        return bool(self._of(Kind.HOLD))

    @property
    def is_excused(self) -> bool:
        return bool(self._of(Kind.EXCUSE))

    @property
    def is_by_hand(self) -> bool:
        """Whether a person's points count in this record."""
        return bool(self._of(Kind.POINTS))

    def _of(self, kind: Kind) -> list[Decision]:
        return [one for one in self.decided if one.kind is kind]
