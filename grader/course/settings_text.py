"""Settings as the text of a `course.toml`, for a release."""

from collections.abc import Sequence

from grader.course.late_policy import Late
from grader.course.settings import Settings


def to_toml(settings: Settings) -> str:
    """The settings as the text of a course.toml; parsing it gives them back."""
    lines = [f"title = {_quoted(settings.title)}", f"units = {_listed(settings.units)}"]
    if settings.install != Settings.install:
        lines.append(f"install = {_quoted(settings.install)}")
    if settings.timezone:
        lines.append(f"timezone = {_quoted(settings.timezone)}")
    late, usual = settings.late, Late()
    days = {} if late.days is None else {"days": late.days}
    slips = {"slip_days": late.slip_days} if late.slip_days else {}
    limits = {name: getattr(settings, name) for name in ("seconds", "submission_seconds", "memory_mb")}
    tables = {
        "needs": {name: _listed(value) for name, value in settings.needs.items()},
        "builds_on": {_quoted(name): _listed(value) for name, value in settings.builds_on.items()},
        "exercises": {name: _listed(value) for name, value in settings.exercises.items()},
        "points": {_quoted(name): str(value) for name, value in settings.points.items()},
        "due": {name: value.isoformat() for name, value in settings.due.items()},
        "late": {} if late == usual else {"penalty": late.penalty, "grace_minutes": late.grace_minutes} | days | slips,
        "packages": {name: _listed(value) for name, value in settings.packages.items()},
        "limits": {name: value for name, value in limits.items() if value is not None},
    }
    for table, entries in tables.items():
        lines += ["", f"[{table}]", *(f"{name} = {value}" for name, value in entries.items())] if entries else []
    return "\n".join(lines) + "\n"


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """A TOML basic string: quotes, backslashes and controls escaped."""
    return '"' + "".join(f"\\u{ord(c):04x}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c for c in text) + '"'
