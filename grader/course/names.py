"""Names for shell completion: units and exercises, read from the keys' indexes without loading NumPy."""

import json
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path

START = len(b"grader key\n") + 64  # a key's first line and the hash of its index; see grader.key
PREFIX = struct.Struct("<4sIQ")  # see grader.sandbox.wire
MAX_INDEX = 1 << 20


def units(start: Path) -> tuple[Path, list[str]]:
    """(assignments, units) of the course around a folder; no units where there is none."""
    for folder in (start, *start.parents):
        for place in (folder / "solutions", folder / "assignments"):
            try:
                listed = tomllib.loads((place / "course.toml").read_text("utf-8"))["units"]
                return folder / "assignments", [name for name in listed if is_name(name)]
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return start, []


def is_name(name: object) -> bool:
    """Whether a name is safe to put on a command line; a course.toml that somebody handed in can contain anything."""
    return isinstance(name, str) and name.isidentifier()


def exercises(key: Path) -> list[str]:
    """The names of the exercises in a key; none if it cannot be read, because completion has no place for errors."""
    try:
        with open(key, "rb") as file:
            file.seek(START)
            _, size, _ = PREFIX.unpack(file.read(PREFIX.size))
            pairs = json.loads(file.read(min(size, MAX_INDEX)))["d"]
        return [name for name in {str(k): v for k, v in pairs}["names"] if is_name(name)]
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return []


def completions(incomplete: str, start: Path, only_exercises: bool = False) -> Iterator[str]:
    """The units, and after `UNIT.` its exercises, that start with the incomplete word."""
    assignments, known = units(start)
    unit, dot, _ = incomplete.partition(".")
    fitting = [name for name in known if name == unit or (not dot and name.startswith(unit))]
    if not only_exercises and not dot:
        yield from fitting
    if dot or only_exercises or len(fitting) == 1:
        for name in fitting:
            names = (f"{name}.{exercise}" for exercise in exercises(assignments / name / "key"))
            yield from (item for item in names if item.startswith(incomplete))
