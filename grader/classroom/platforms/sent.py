"""What was sent to platforms: a log in the store. A row is begun before an entry is sent and acknowledged after.

A row that was begun and not acknowledged may have arrived or not: what stands on the platform tells. So whatever stops a
run (a refused token, Ctrl-C, a lost connection), the next one knows which entries there are ours.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from grader.classroom.marking.store import Store
from grader.classroom.platforms.entering import Standing, Wanted, plain
from grader.frozen import frozen

TABLE = """CREATE TABLE IF NOT EXISTS entries_sent (
    attempt TEXT PRIMARY KEY, place TEXT NOT NULL, student TEXT NOT NULL, points DOUBLE PRECISION NOT NULL,
    out_of DOUBLE PRECISION NOT NULL, excused INTEGER NOT NULL, comment TEXT NOT NULL, began TEXT NOT NULL, acknowledged TEXT NOT NULL)"""
LOCK = 8317  # on PostgreSQL, where making the same table twice at once would fail
NEAR = 0.005  # points: platforms keep two decimals or more


@frozen
class Ours:
    """What we sent for one student to one place: the last that was acknowledged, and what was tried since."""

    last: Wanted | None = None
    tried: tuple[Wanted, ...] = ()

    @property
    def all(self) -> tuple[Wanted, ...]:
        return (*filter(None, [self.last]), *self.tried)

    def has(self, there: Standing) -> bool:
        """Whether what stands there came from us."""
        return any(is_met(one, there) for one in self.all)

    def said(self, comment: str) -> bool:
        """Whether a comment that stands there came from us."""
        return not comment or plain(comment) in {plain(one.comment) for one in self.all}


def is_met(wanted: Wanted, there: Standing) -> bool:
    """Whether the points or the excuse that are wanted stand there."""
    if wanted.is_excused or there.is_excused:
        return wanted.is_excused and there.is_excused
    return there.points is not None and abs(shown_points(there, wanted.out_of) - wanted.points) < NEAR


def shown_points(there: Standing, out_of: float) -> float:
    """The points that stand there, in those of a maximum."""
    points = there.points or 0.0
    return points * out_of / there.out_of if there.out_of and out_of else points


def sent(store: Store, place: str) -> Mapping[str, Ours]:
    """What was sent to a place, by student; empty in a store that never sent anything."""
    if not store.database.has_table("entries_sent"):
        return {}
    found: dict[str, Ours] = {}
    query = "SELECT student, points, out_of, excused, comment, acknowledged FROM entries_sent WHERE place = ? ORDER BY began"
    for student, points, out_of, excused, comment, acknowledged in store.database.execute(query, (place,)):
        one, before = Wanted(points, out_of, bool(excused), comment), found.get(student, Ours())
        found[student] = Ours(one) if acknowledged else Ours(before.last, (*before.tried, one))
    return found


def begin(store: Store, place: str, student: str, wanted: Wanted) -> str:
    """Note that an entry is about to be sent; returns what `acknowledge` takes."""
    attempt = secrets.token_hex(8)
    what = (wanted.points, wanted.out_of, int(wanted.is_excused), wanted.comment)
    row = (attempt, place, student, *what, _now(), "")
    with store.database.transaction():
        if store.database.is_postgres:
            store.database.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        store.database.execute(TABLE)
        store.database.execute(f"INSERT INTO entries_sent VALUES ({', '.join('?' * len(row))})", row)
    return attempt


def acknowledge(store: Store, attempt: str) -> None:
    """Note that the platform has the entry."""
    with store.database.transaction():
        store.database.execute("UPDATE entries_sent SET acknowledged = ? WHERE attempt = ?", (_now(), attempt))


def drop(store: Store, attempt: str) -> None:
    """Forget an entry that the platform declined: it is certainly not there."""
    with store.database.transaction():
        store.database.execute("DELETE FROM entries_sent WHERE attempt = ?", (attempt,))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
