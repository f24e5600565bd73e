"""Times as people and platforms write them: ISO 8601, Moodle's worksheets in several languages, Canvas, Gradescope, git."""

import re
from datetime import UTC, date, datetime, tzinfo

from grader.course.late_policy import due_moment

# The beginnings of month names that tell a month in English, German, French, Spanish, Italian, Portuguese and Dutch;
# the first that fits counts, so longer beginnings stand first.
MONTHS = (
    ("juin", 6), ("juil", 7), ("janv", 1), ("jan", 1), ("jän", 1), ("ene", 1), ("gen", 1), ("feb", 2), ("fév", 2),
    ("fev", 2), ("mar", 3), ("mär", 3), ("maa", 3), ("mrz", 3), ("apr", 4), ("avr", 4), ("abr", 4), ("mai", 5),
    ("may", 5), ("mag", 5), ("mei", 5), ("jun", 6), ("giu", 6), ("jul", 7), ("lug", 7), ("aug", 8), ("aoû", 8),
    ("ago", 8), ("sep", 9), ("set", 9), ("oct", 10), ("okt", 10), ("ott", 10), ("out", 10), ("nov", 11), ("dec", 12),
    ("déc", 12), ("dez", 12), ("dic", 12),
)  # fmt: skip
DATE = r"(?:\w[\w-]*\.?,?\s+)?(?:(?P<day>\d{1,2})\.?\s+(?:de\s+)?(?P<month>[^\W\d]+)|(?P<word>[^\W\d]+)\s+(?P<number>\d{1,2}))"
WRITTEN = re.compile(
    DATE + r"\.?,?\s+(?:de\s+)?(?P<year>\d{4}),?\s+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?",
    re.IGNORECASE,
)
ZONE = re.compile(r"\s+(?=(?:Z|[+-]\d\d:?\d\d)$)")
NEVER = ("", "-", "–", "n/a")  # what platforms write where nothing was handed in


def moment(text: str, zone: tzinfo | None = None) -> datetime | None:
    """A time; without an offset it is in `zone`, else in UTC. None if the text is not one."""
    found = _iso(text) or _in_words(text)
    if found is None or found.tzinfo:
        return found
    return found.replace(tzinfo=zone or UTC)


def due(text: str, zone: tzinfo | None = None) -> datetime | None:
    """A due date: like a time, but a date alone is the end of that day."""
    try:
        return due_moment(date.fromisoformat(text.strip()), zone or UTC)
    except ValueError:
        return moment(text, zone)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(ZONE.sub("", re.sub(r"\s+UTC$", "Z", text.strip())))
    except ValueError:
        return None


def _in_words(text: str) -> datetime | None:
    """Moodle's `Friday, 20 November 2026, 11:59 PM` and what other languages make of it."""
    match = WRITTEN.fullmatch(text.strip().replace("\u202f", " ").replace("\xa0", " "))
    if not match:
        return None
    name = (match["month"] or match["word"]).casefold()
    month = next((number for start, number in MONTHS if name.startswith(start)), None)
    hour, half = int(match["hour"]), (match["half"] or "")[:1].lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        day = int(match["day"] or match["number"])
        return datetime(int(match["year"]), month or 0, day, hour, int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        return None
