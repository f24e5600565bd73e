"""Statistics of a class's records: how it did, what is hard, what tells students apart, which mistakes are common.

Pure functions. A number that is not defined (a correlation without variance) is None, never nan. What the grader could
not decide (because of its own fault, or a pending run) counts neither for nor against a student.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from grader.frozen import frozen
from grader.record import Kind, Record
from grader.report import ExerciseReport, Status

UNDECIDED = frozenset([Status.SKIPPED, Status.PENDING, Status.GRADER_ERROR])
BINS = 10  # of the distribution: a tenth of the points each, as teachers read percentages
LOW = 0.6  # mean share among those who tried below which an exercise is worth teaching again
WIDESPREAD = 0.25  # share of students with the same mistake that makes it worth teaching again
FEW = 5  # with fewer students, shares are not meaningful


@frozen
class Distribution:
    """The distribution of students' shares of the points, for those who handed in. The last bin includes 1."""

    shares: tuple[float, ...]
    bins: tuple[int, ...]
    mean: float | None
    deviation: float | None  # of a sample: n − 1
    quartiles: tuple[float, float, float] | None

    @property
    def median(self) -> float | None:
        return self.quartiles[1] if self.quartiles else None


@frozen
class ExerciseFigures:
    """One exercise in numbers: `asked` students handed the unit in, `tried` of them wrote something for the exercise,
    and `full`, `part` and `none` of these got full points, some or none.

    `difficulty` is the mean share of the points among all who were asked (1 is easy), `of_tried` among those who tried;
    `discrimination` the correlation of an exercise's points with the rest of the unit's (corrected item-total).
    """

    id: str
    max_points: int
    asked: int
    tried: int
    full: int
    part: int
    none: int
    mean: float | None
    difficulty: float | None
    of_tried: float | None
    discrimination: float | None
    seconds: float | None  # the median among those who tried

    @property
    def lost(self) -> float:
        """How many points the whole class lost on this exercise."""
        return (1 - self.difficulty) * self.max_points * self.asked if self.difficulty is not None else 0.0


@frozen
class NamedMistake:
    """A mistake with a name, its sentence, who made it, and how many tried the exercise."""

    exercise: str
    name: str
    sentence: str
    students: tuple[str, ...]
    tried: int

    @property
    def share(self) -> float:
        return len(self.students) / self.tried


@frozen
class SameAnswer:
    """Students whose answers to an exercise fail the same claims with exactly the same messages."""

    exercise: str
    findings: tuple[tuple[str, str], ...]  # (claim, message)
    hint: str
    mistake: str
    students: tuple[str, ...]


@frozen
class Reteach:
    """An exercise that is worth teaching again, and why."""

    exercise: str
    lost: float
    reasons: tuple[str, ...]


@frozen
class Timing:
    """Grading times in seconds: the total, median and 95th percentile; `slowest` are (student, unit, seconds)."""

    total: float
    median: float | None
    most: float | None  # the 95th percentile
    slowest: tuple[tuple[str, str, float], ...]


def totals(records: Sequence[Record]) -> dict[str, tuple[float, int]]:
    """Each student's (points, maximum) over all units, as far as decided; absent or unreadable units have 0 points.

    Points by a person count; a unit from which somebody is excused does not.
    """
    sums: dict[str, tuple[float, int]] = {}
    for record in records:
        points, most = sums.get(record.student, (0, 0))
        if not record.is_excused:
            points, most = points + record.points, most + record.max_points - _undecided(record)
        sums[record.student] = points, most
    return sums


def _undecided(record: Record) -> int:
    """How many of a record's points nobody has decided about yet. The machine gives 0 for these."""
    if record.whole_by_hand is not None or record.report is None:
        return 0
    by_hand = {one.target for one in record.decided if one.kind is Kind.POINTS}
    open_now = (item for item in record.report.exercises if item.status in UNDECIDED and item.id not in by_hand)
    return sum(item.max_points for item in open_now)


def distribution(records: Sequence[Record]) -> Distribution:
    """The distribution among students who handed in at least one unit and have decided points."""
    handed_in = {record.student for record in records if record.report}
    sums = [(points, most) for student, (points, most) in totals(records).items() if student in handed_in and most]
    if not sums:
        return Distribution((), (0,) * BINS, None, None, None)
    shares = np.array([points / most for points, most in sums])
    # the arithmetic of points is exact, so that 7 of 10 lands in the bin that begins at 70 %
    bins = np.bincount([int(min(points * BINS // most, BINS - 1)) for points, most in sums], minlength=BINS)
    spread = float(shares.std(ddof=1)) if len(shares) > 1 else None
    quartiles = tuple(float(value) for value in np.quantile(shares, [0.25, 0.5, 0.75]))
    return Distribution(tuple(shares.tolist()), tuple(bins.tolist()), float(shares.mean()), spread, quartiles)


def exercise_figures(records: Sequence[Record]) -> list[ExerciseFigures]:
    """The figures of every exercise, in the order of the reports."""
    answers: dict[str, list[tuple[ExerciseReport, int]]] = defaultdict(list)
    for record in records:
        for item in record.report.exercises if record.report else ():
            if item.status not in UNDECIDED:
                answers[item.id].append((item, record.report.points - item.points))
    return [_figures(name, pairs) for name, pairs in answers.items()]


def _figures(name: str, pairs: Sequence[tuple[ExerciseReport, int]]) -> ExerciseFigures:
    items = [item for item, _ in pairs]
    tried = [item for item in items if item.status is not Status.MISSING]
    full = sum(item.points == item.max_points for item in tried)
    none = sum(item.points == 0 and item.max_points > 0 for item in tried)
    most = items[0].max_points
    return ExerciseFigures(
        id=name,
        max_points=most,
        asked=len(items),
        tried=len(tried),
        full=full,
        part=len(tried) - full - none,
        none=none,
        mean=_mean([item.points for item in items]),
        difficulty=_mean([_share(item) for item in items]),
        of_tried=_mean([_share(item) for item in tried]),
        discrimination=correlation([item.points for item in items], [rest for _, rest in pairs]),
        seconds=float(np.median([item.seconds for item in tried])) if tried else None,
    )


def _share(item: ExerciseReport) -> float:
    return item.points / item.max_points if item.max_points else 1.0


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's correlation; None if one of them does not vary or there are fewer than three values."""
    if len(x) < 3 or len(set(x)) == 1 or len(set(y)) == 1:
        return None
    dx, dy = np.asarray(x, float) - np.mean(x), np.asarray(y, float) - np.mean(y)
    return float(np.clip(dx @ dy / np.sqrt((dx @ dx) * (dy @ dy)), -1, 1))


def named_mistakes(records: Sequence[Record]) -> list[NamedMistake]:
    """All named mistakes that were made, the most frequent first."""
    makers: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)  # a dict keeps the order of the records
    sentences: dict[tuple[str, str], str] = {}
    tried: dict[str, int] = defaultdict(int)
    for record, item in _answers(records):
        tried[item.id] += 1
        for check in item.checks:
            if check.finding and check.finding.mistake:
                at = (item.id, check.finding.mistake)
                makers[at][record.student] = None
                sentences.setdefault(at, check.finding.hint)
    found = [NamedMistake(*at, sentences[at], tuple(students), tried[at[0]]) for at, students in makers.items()]
    return sorted(found, key=lambda item: (-len(item.students), -item.share))


def _answers(records: Sequence[Record]) -> Iterable[tuple[Record, ExerciseReport]]:
    """Each exercise report in which the student wrote something, with its record."""
    for record in records:
        for item in record.report.exercises if record.report else ():
            if item.status not in UNDECIDED and item.status is not Status.MISSING:
                yield record, item


def same_answers(records: Sequence[Record], least: int = 2) -> list[SameAnswer]:
    """Groups of at least `least` students with the same wrong answer, the largest first.

    Messages contain numbers from the answer, so equal messages mean equal answers. If each student has different
    inputs, no groups form. A timeout or crash is not an answer.
    """
    groups: dict[tuple, list[Record]] = defaultdict(list)
    firsts: dict[tuple, ExerciseReport] = {}
    for record, item in _answers(records):
        findings = tuple((check.claim, check.finding.message) for check in item.checks if check.finding)
        if item.status in (Status.FAILED, Status.ERROR) and findings:
            groups[item.id, findings].append(record)
            firsts.setdefault((item.id, findings), item)
    found = []
    for at, members in groups.items():
        if len(members) >= least:
            told = [check.finding for check in firsts[at].checks if check.finding]
            hint = next((finding.hint for finding in told if finding.hint), "")
            mistake = next((finding.mistake for finding in told if finding.mistake), "")
            found.append(SameAnswer(*at, hint, mistake, tuple(record.student for record in members)))
    return sorted(found, key=lambda item: -len(item.students))


def reteach(figures: Sequence[ExerciseFigures], mistakes: Sequence[NamedMistake]) -> list[Reteach]:
    """The exercises worth teaching again, starting with the one that cost the class most points."""
    found = []
    for item in figures:
        reasons = []
        if item.tried >= FEW and item.of_tried < LOW:
            reasons.append(f"those who tried earn {percent(item.of_tried)} of the points")
        if item.asked >= FEW and item.tried < item.asked / 2:
            reasons.append(f"{item.asked - item.tried} of {item.asked} have not written it")
        for mistake in mistakes:
            if mistake.exercise == item.id and mistake.tried >= FEW and mistake.share >= WIDESPREAD:
                reasons.append(f"{percent(mistake.share)} make one mistake: {mistake.sentence}")
        if reasons:
            found.append(Reteach(item.id, item.lost, tuple(reasons)))
    return sorted(found, key=lambda item: -item.lost)


def timing(records: Sequence[Record], count: int = 5) -> Timing:
    """How long grading took, and for whom it took longest."""
    spent = sorted(
        ((record.student, record.unit, record.report.seconds) for record in records if record.report),
        key=lambda item: -item[2],
    )
    seconds = [item[2] for item in spent]
    if not seconds:
        return Timing(0.0, None, None, ())
    median, most = np.quantile(seconds, [0.5, 0.95])
    return Timing(float(sum(seconds)), float(median), float(most), tuple(spent[:count]))


def percent(share: float) -> str:
    """A share as text with a no-break space: `41 %`."""
    return f"{round(100 * share)}\N{NO-BREAK SPACE}%"


def units_of(items: Sequence[ExerciseFigures]) -> list[str]:
    """The units of some exercises, in their order."""
    return list(dict.fromkeys(item.id.partition(".")[0] for item in items))


def by_student(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Each student's records, by name, in order."""
    ordered = sorted(records, key=lambda record: record.student)
    return {student: list(items) for student, items in groupby(ordered, key=lambda record: record.student)}
