"""Read a `course.toml` into settings, and say what in it is wrong: the file, the key, what to write."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from grader.course.late_policy import Late, due_moment, zone_called
from grader.course.settings import Settings
from grader.errors import GraderError, did_you_mean
from grader.sandbox.frameworks import FRAMEWORKS
from grader.text import one_line, tame

KNOWN = (
    "title",
    "units",
    "install",
    "needs",
    "builds_on",
    "exercises",
    "points",
    "due",
    "late",
    "packages",
    "limits",
    "timezone",
)
LARGEST = 10**9  # of any number here: seconds, megabytes, days
NAME = re.compile(r"[a-z][a-z0-9_]*")
EXERCISE = re.compile(r"[^\W\d]\w*")
PACKAGE = re.compile(r"[A-Za-z_]\w*")


class SettingsError(GraderError):
    """A course.toml that is not valid; the message names the file, the key and what to write."""


def load(path: Path) -> Settings:
    """Read a course.toml; SettingsError if it cannot be read or is not valid."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8; save it as UTF-8") from None


def parse(text: str, name: str = "course.toml") -> Settings:
    """The settings in a course.toml's text; `name` is the file's name for messages."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not only TOML errors: huge numbers and deep nesting
        raise SettingsError(f"{name} is not TOML: {error}") from None
    _only(data, KNOWN, name, "")
    units = _units(data, name)
    late = _table(data, "late", name)
    _only(late, ("penalty", "days", "grace_minutes", "slip_days"), name, "late.")
    timezone = _text(data, "timezone", "", name) if "timezone" in data else ""
    if timezone and not zone_called(timezone):
        advice = 'write one like "Europe/Berlin", or `pip install tzdata`'
        raise SettingsError(f"{name}: timezone {one_line(timezone, 60)!r} is not known here; {advice}")
    limits = _table(data, "limits", name)
    _only(limits, ("seconds", "submission_seconds", "memory_mb"), name, "limits.")
    return Settings(
        title=_text(data, "title", "The course", name),
        units=units,
        install=_text(data, "install", Settings.install, name),
        needs=_by_unit(_table(data, "needs", name), "needs", units, name, partial(_before, units=units)),
        builds_on=_links(_table(data, "builds_on", name), units, name),
        exercises=_by_unit(_table(data, "exercises", name), "exercises", units, name, _exercises),
        points=_by_exercise(_table(data, "points", name), units, name),
        due=_by_unit(
            _table(data, "due", name), "due", units, name, partial(_moment, zone=zone_called(timezone) or UTC)
        ),
        late=Late(
            penalty=_number(late, "late.penalty", name, 0, 100) or 0.0,
            days=_whole(late, "late.days", name),
            grace_minutes=_number(late, "late.grace_minutes", name, 0) or 0.0,
            slip_days=_whole(late, "late.slip_days", name) or 0,
        ),
        packages=_by_unit(_table(data, "packages", name), "packages", units, name, _packages),
        seconds=_number(limits, "limits.seconds", name, 0.1),
        submission_seconds=_number(limits, "limits.submission_seconds", name, 0.1),
        memory_mb=_whole(limits, "limits.memory_mb", name, 64),
        timezone=timezone,
    )


def _units(data: dict, name: str) -> tuple[str, ...]:
    units = data.get("units")
    if not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
        raise SettingsError(f'{name} needs a line like units = ["attention"]')
    for unit in units:
        if not NAME.fullmatch(unit):
            raise SettingsError(
                f"{name}: {unit!r} cannot be a unit's name; use lower-case letters, digits and underscores"
            )
    if twice := {unit for unit in units if units.count(unit) > 1}:
        raise SettingsError(f"{name} lists {sorted(twice)[0]!r} twice")
    return tuple(units)


def _only(table: Mapping, known: tuple[str, ...], name: str, prefix: str) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(f"{name} has an unknown entry {prefix}{key}{did_you_mean(key, known, prefix)}")


def _table(data: dict, key: str, name: str) -> dict[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{name}: {key} must be a table; write [{key}] on a line of its own")
    return table


def _text(data: dict, key: str, otherwise: str, name: str) -> str:
    value = data.get(key, otherwise)
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise SettingsError(f"{name}: {key} must be text on one line, in quotes")
    return tame(value)


def _by_unit(table: dict, key: str, units: tuple[str, ...], name: str, read: Callable) -> dict[str, Any]:
    for unit in table:
        if unit not in units:
            raise SettingsError(f"{name}: {key} names {unit!r}, which is no unit{did_you_mean(unit, units)}")
    return {unit: read(value, f"{key}.{unit}", name) for unit, value in table.items()}


def _flat(table: dict) -> dict[str, Any]:
    """A table by `"attention.self_attention"`; without quotes, TOML reads tables that lie in one another."""
    flat = {}
    for key, value in table.items():
        flat |= {f"{key}.{inner}": item for inner, item in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def _is_exercise(key: str, units: tuple[str, ...]) -> bool:
    unit, _, exercise = key.partition(".")
    return unit in units and bool(EXERCISE.fullmatch(exercise))


def _by_exercise(table: dict, units: tuple[str, ...], name: str) -> dict[str, int]:
    flat = _flat(table)
    for key, value in flat.items():
        if not _is_exercise(key, units):
            raise SettingsError(f'{name}: points names {key!r}; write it as "UNIT.EXERCISE", the unit being one listed')
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
            raise SettingsError(
                f"{name}: points of {key} must be a whole number from 1 to 1000, and it is {_shown(value)}"
            )
    return flat


def _links(table: dict, units: tuple[str, ...], name: str) -> dict[str, tuple[str, ...]]:
    """For exercises, those that they build on, each as `unit.exercise`; an author may leave out the exercise's own unit."""
    found = {}
    for key, value in _flat(table).items():
        if not _is_exercise(key, units):
            raise SettingsError(f"{name}: builds_on names {key!r}; write [builds_on.UNIT] and the exercise below it")
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise SettingsError(f'{name}: builds_on.{key} must be a list of exercises, for example ["softmax"]')
        unit = key.partition(".")[0]
        earlier = [item if "." in item else f"{unit}.{item}" for item in value]
        for item in earlier:
            other = item.partition(".")[0]
            if not _is_exercise(item, units) or item == key or units.index(other) > units.index(unit):
                raise SettingsError(
                    f"{name}: builds_on.{key} names {item!r}, which is no exercise before it"
                    f"{did_you_mean(other, units)}"
                )
        found[key] = tuple(dict.fromkeys(earlier))
    return found


def _moment(value: Any, key: str, name: str, zone: tzinfo) -> datetime:
    if isinstance(value, date) and not 1970 <= value.year < 9000:
        raise SettingsError(f"{name}: {key} is in the year {value.year}; write one of this age")
    if isinstance(value, date):
        return due_moment(value, zone)
    raise SettingsError(
        f"{name}: {key} must be a date or a moment, for example 2026-11-20T23:59:00+01:00, without quotes"
    )


def _before(value: Any, key: str, name: str, units: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f'{name}: {key} must be a list of units, for example ["{units[0]}"]')
    earlier = units[: units.index(key.partition(".")[2])]
    for item in value:
        if item in units and item not in earlier:
            raise SettingsError(f"{name}: {key} names {item!r}, which is not before it in units; put it there")
        if item not in units:
            raise SettingsError(f"{name}: {key} names {item!r}, which is no unit{did_you_mean(item, units)}")
    return tuple(dict.fromkeys(value))


def _exercises(value: Any, key: str, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise SettingsError(f'{name}: {key} must be a list of exercises, for example ["softmax"]')
    if wrong := [item for item in value if not EXERCISE.fullmatch(item) or value.count(item) > 1]:
        raise SettingsError(
            f"{name}: {key} lists {wrong[0]!r} twice"
            if value.count(wrong[0]) > 1
            else f"{name}: {key} has {wrong[0]!r}, which is no exercise's name; write it without its unit"
        )
    return tuple(value)


def _packages(value: Any, key: str, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and PACKAGE.fullmatch(item) for item in value):
        raise SettingsError(f'{name}: {key} must be a list of packages, for example ["numpy"]')
    for item in value:
        if item not in FRAMEWORKS:
            raise SettingsError(f"{name}: {key} has {item!r}, which no worker can load{did_you_mean(item, FRAMEWORKS)}")
    return tuple(value)


def _number(table: dict, key: str, name: str, least: float, most: float = LARGEST) -> float | None:
    value = table.get(key.partition(".")[2])
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        to = f" to {most:g}" if most < LARGEST else ""
        raise SettingsError(f"{name}: {key} must be a number from {least:g}{to or ' up'}, and it is {_shown(value)}")
    return float(value)


def _whole(table: dict, key: str, name: str, least: int = 0) -> int | None:
    value = table.get(key.partition(".")[2], least)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        raise SettingsError(f"{name}: {key} must be a whole number from {least} up, and it is {_shown(value)}")
    return table.get(key.partition(".")[2])


def _shown(value: Any) -> str:
    """A wrong value, short enough for a sentence."""
    if isinstance(value, int) and abs(value) > LARGEST:  # Python refuses to print thousands of digits
        return "far too large" if value > 0 else "far too small"
    return one_line(repr(value), 60) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
