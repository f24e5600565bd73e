"""What people decided about a class: a log in the store that only grows, and what of it stands.

A decision is never changed or deleted. A later one of the same kind replaces an earlier one, and an undo, which is a
decision too, takes one back. No machine writes here: grading and regrading know nothing of this table. An older store
gains the table with the first decision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from grader.classroom.marking.store import Store
from grader.errors import GraderError
from grader.record import Decision, Kind

TABLE = """CREATE TABLE IF NOT EXISTS decisions (
    number INTEGER PRIMARY KEY, student TEXT NOT NULL, unit TEXT NOT NULL, exercise TEXT NOT NULL, kind TEXT NOT NULL,
    value TEXT NOT NULL, decider TEXT NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL)"""
COLUMNS = "number, student, unit, exercise, kind, value, decider, why, at"
LOCK = 8316  # on PostgreSQL, so that two people who decide at once get two numbers
Standing = dict[tuple[str, str], tuple[Decision, ...]]  # (student, unit) -> what stands, in the order of deciding


def every(store: Store) -> list[Decision]:
    """The whole log, in the order of deciding."""
    if not store.database.has_table("decisions"):
        return []
    rows = store.database.execute(f"SELECT {COLUMNS} FROM decisions ORDER BY number")
    return [
        Decision(student, unit, Kind(kind), value, exercise, by, why, number, at)
        for number, student, unit, exercise, kind, value, by, why, at in rows
    ]


def standing(log: Iterable[Decision]) -> Standing:
    """What stands: of each kind and target the last that nobody took back, and every comment."""
    log = list(log)
    undone = {int(one.value) for one in log if one.kind is Kind.UNDO}
    last: dict[tuple, Decision] = {}
    for one in log:
        if one.kind is not Kind.UNDO and one.number not in undone:
            which = one.number if one.kind is Kind.COMMENT else 0
            last[one.student, one.unit, one.exercise, one.kind, which] = one
    found: dict[tuple[str, str], list[Decision]] = {}
    for one in sorted(last.values(), key=lambda one: one.number):
        found.setdefault((one.student, one.unit), []).append(one)
    return {who: tuple(those) for who, those in found.items()}


def by_hand(store: Store) -> set[tuple[str, str]]:
    """The (student, unit) for which points by a person stand."""
    return {who for who, those in standing(every(store)).items() if any(one.kind is Kind.POINTS for one in those)}


def decide(store: Store, wanted: Sequence[Decision]) -> list[Decision]:
    """Append decisions, all or none; returns those that are new: what stands already is not decided again.

    GraderError if one contradicts what stands: exercise points below points for the whole unit, or an undo of nothing.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with store.database.transaction():
        if store.database.is_postgres:
            store.database.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        store.database.execute(TABLE)
        log, new = every(store), []
        for one in wanted:
            stands = standing(log)
            one = _checked_undo(one, log) if one.kind is Kind.UNDO else one
            if _is_said(one, stands):
                continue
            _check_whole(one, stands)
            one = replace(one, number=log[-1].number + 1 if log else 1, at=now)
            log.append(one)
            new.append(one)
            row = (one.number, one.student, one.unit, one.exercise, str(one.kind), one.value, one.by, one.why, now)
            store.database.execute(f"INSERT INTO decisions VALUES ({', '.join('?' * len(row))})", row)
    return new


def undo(number: int, by: str, why: str) -> Decision:
    """The decision that takes another back; `decide` finds whose it is."""
    return Decision("", "", Kind.UNDO, str(number), by=by, why=why)


def _checked_undo(one: Decision, log: Sequence[Decision]) -> Decision:
    """The undo with the student, unit and exercise of what it takes back."""
    found = next((other for other in log if str(other.number) == one.value), None)
    if found is None:
        raise GraderError(f"there is no decision {one.value}; `grade class adjust` alone lists those that stand")
    if found.kind is Kind.UNDO:
        raise GraderError(f"decision {one.value} took another back; decide again instead of undoing it")
    earlier = next((other for other in log if other.kind is Kind.UNDO and other.value == one.value), None)
    if earlier:
        raise GraderError(f"decision {one.value} was taken back already, by {earlier.by} at {earlier.at}")
    return replace(one, student=found.student, unit=found.unit, exercise=found.exercise)


def _is_said(one: Decision, stands: Standing) -> bool:
    """Whether the same stands already, so that a table which is read twice decides once."""
    same = (one.kind, one.exercise, one.value)
    return any((other.kind, other.exercise, other.value) == same for other in stands.get((one.student, one.unit), ()))


def _check_whole(one: Decision, stands: Standing) -> None:
    """GraderError if points for an exercise would have no effect, as there are points for the whole unit."""
    if one.kind is not Kind.POINTS or not one.exercise:
        return
    for other in stands.get((one.student, one.unit), ()):
        if other.kind is Kind.POINTS and not other.exercise:
            raise GraderError(
                f"{one.student} has {other.value} points by hand for the whole of {one.unit} (decision {other.number}), "
                f"so points for an exercise would not count; take that back first with --undo {other.number}"
            )
