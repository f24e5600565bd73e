"""The late policy of a course: how many days late something is as people count them, and what that leaves of the points."""

import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from grader.frozen import frozen

DAY = timedelta(days=1)
CLOCK_CHANGE = timedelta(hours=1)


@frozen
class Late:
    """`penalty` is the percentage of the points lost for each day begun; nothing counts after `days`, if given.

    Of all its days, each student has `slip_days` that cost nothing.
    """

    penalty: float = 0.0
    days: int | None = None
    grace_minutes: float = 0.0
    slip_days: int = 0

    def kept(self, seconds_late: float) -> float:
        """The share of the points that is kept after so many seconds, where days of 24 hours are all that is known."""
        late = timedelta(seconds=seconds_late) - self.grace
        return self.kept_after(max(0, math.ceil(late / DAY)))

    def kept_after(self, days: int) -> float:
        """The share of the points that is kept after so many begun days, from 1 (on time) to 0."""
        if days <= 0:
            return 1.0
        if self.days is not None and days > self.days:
            return 0.0
        return max(0.0, 1.0 - days * self.penalty / 100)

    def begun(self, at: datetime, due: datetime, zone: tzinfo | None = None) -> int:
        """The days begun between a due date and a time, 0 on time or within the grace.

        A day ends when the clock on the wall shows the due date's time again, whether or not clocks were changed
        meanwhile. The wall is in `zone`, else where the due date is.
        """
        if at - due <= self.grace:
            return 0
        over = _wall(at, due, zone) - due.astimezone(zone or due.tzinfo).replace(tzinfo=None)
        return max(1, math.ceil((over - self.grace) / DAY))

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)


def _wall(at: datetime, due: datetime, zone: tzinfo | None) -> datetime:
    """What the clock on the wall shows at a time.

    Without a zone, an offset that is an hour from the due date's is taken for the same place after a clock change,
    unless it is that of UTC, in which platforms write times of every place.
    """
    shift = at.utcoffset() - due.utcoffset()
    if zone is None and abs(shift) == CLOCK_CHANGE and at.tzinfo is not UTC and at.utcoffset():
        return at.replace(tzinfo=None)
    return at.astimezone(zone or due.tzinfo).replace(tzinfo=None)


def zone_called(name: str) -> tzinfo | None:
    """The time zone of a name such as `Europe/Berlin`; None for an empty name, and for one that is not known here."""
    if not name:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # late: a course that has none need not wait for it

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # some wrong names are folders of the system's list
        return None


def due_moment(value: date, zone: tzinfo) -> datetime:
    """A due date: a date alone is the end of that day, and what has no offset is in the zone."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, time(23, 59, 59), zone)
