"""What a student has passed in one course, remembered between runs in a local file that never leaves the machine."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from grader.files import data_folder, kept_aside, locked, write_whole
from grader.frozen import frozen
from grader.report import Report, Status

SCHEMA = 1
ONE_HASH = 64  # hexadecimal digits of a SHA-256
MAX_DAYS = 400  # days that are kept; a course takes less than a year


@frozen
class Memory:
    """What is known of an exercise: the hash of the code that `passed`, if any; how many `hints` were shown."""

    passed: str = ""
    when: str = ""
    points: int = 0
    status: str = ""
    hints: int = 0


@frozen
class Progress:
    """The memories of a course's exercises, by `unit.exercise`, and the days on which one passed for the first time."""

    course: str = ""
    exercises: Mapping[str, Memory] = field(default_factory=dict)
    days: tuple[str, ...] = ()

    def of(self, exercise: str) -> Memory:
        return self.exercises.get(exercise, Memory())

    def with_memory(self, exercise: str, memory: Memory) -> "Progress":
        return replace(self, exercises={**self.exercises, exercise: memory})


@frozen
class News:
    """What is new after a run: exercises that passed for the first time, and those whose code changed afterwards."""

    passed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    streak: int = 0


def graded(before: Progress, report: Report, prints: Mapping[str, str], now: datetime) -> Progress:
    """Update the progress with a report. `prints` are the hashes of the submission's code, by exercise."""
    after = before
    for exercise in report.exercises:
        memory = replace(before.of(exercise.id), points=exercise.points, status=str(exercise.status))
        if exercise.status is Status.PASSED:
            is_new = not memory.passed
            memory = replace(memory, passed=prints[exercise.id], when=now.isoformat(timespec="seconds"))
            if is_new and now.date().isoformat() not in after.days:
                after = replace(after, days=(*after.days, now.date().isoformat())[-MAX_DAYS:])
        after = after.with_memory(exercise.id, memory)
    return after


def news(before: Progress, after: Progress, report: Report, prints: Mapping[str, str], today: date) -> News:
    """What is new after a report; `prints` are the hashes of all exercises in the file, graded now or not."""
    passed = [exercise.id for exercise in report.exercises if exercise.status is Status.PASSED]
    changed = [
        name
        for name, memory in before.exercises.items()
        if name.startswith(f"{report.unit}.") and _has_changed(memory, prints.get(name, ""))
    ]
    return News(
        tuple(name for name in passed if not before.of(name).passed),
        tuple(name for name in changed if name not in passed),
        streak(after.days, today),
    )


def _has_changed(memory: Memory, now: str) -> bool:
    """Whether an exercise passed with other code than now; False if it has several pieces and was not graded now."""
    return len(memory.passed) in (ONE_HASH, len(now)) and now != memory.passed


def streak(days: Sequence[str], today: date) -> int:
    """The number of consecutive days, up to today or yesterday, on which an exercise passed for the first time."""
    known = set(days)
    day = today if today.isoformat() in known else today - timedelta(1)
    count = 0
    while day.isoformat() in known:
        count, day = count + 1, day - timedelta(1)
    return count


def file_of(folder: Path, course: Path) -> Path:
    """The file for the progress in a course's folder. Another folder with the same course has a file of its own."""
    root = str(course.resolve())
    name = re.sub(r"[^\w-]+", "-", course.resolve().name).strip("-") or "course"
    return folder / f"{name[:40]}-{hashlib.sha256(root.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"


def has_passed(course: Path, exercise: str) -> bool:
    """Whether the student has ever passed the exercise `unit.exercise` in a course's folder."""
    return bool(load(file_of(data_folder(), course)).of(exercise).passed)


def load(path: Path) -> Progress:
    """Read the progress; an empty one if there is no file or it cannot be read."""
    return _read(path)[0]


def update(path: Path, course: Path, change: Callable[[Progress], Progress]) -> tuple[Progress, Progress, str]:
    """Change the progress file under a lock; returns (before, after, notice). Never raises an OSError.

    `notice` is a sentence if a damaged file was set aside or nothing can be written, else empty.
    """
    before, notice = Progress(), ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name("lock")):
            before, notice = _read(path)
            if notice == NEWER:
                return before, change(before), notice.format(path)
            if notice:
                notice = notice.format(kept_aside(path, ".damaged"))
            after = replace(change(before), course=str(course.resolve()))
            write_whole(path, _to_bytes(after))
    except OSError as error:
        after = change(before)
        notice = f"Your progress cannot be remembered: cannot write {path} ({error.strerror})."
    return before, after, notice


DAMAGED = "What was remembered of your progress was damaged; it is set aside as {}, and a new record begins."
NEWER = "Your progress is not remembered: {} was written by a newer version of the grader."


def _read(path: Path) -> tuple[Progress, str]:
    try:
        data = json.loads(path.read_bytes())
        if isinstance(data, dict) and isinstance(data.get("schema"), int) and data["schema"] > SCHEMA:
            return Progress(), NEWER
        return _from_json(data), ""
    except FileNotFoundError:
        return Progress(), ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Progress(), DAMAGED


def _to_bytes(progress: Progress) -> bytes:
    data = {
        "schema": SCHEMA,
        "course": progress.course,
        "days": list(progress.days),
        "exercises": {name: asdict(memory) for name, memory in progress.exercises.items()},
    }
    return json.dumps(data, indent=1).encode("utf-8", "surrogatepass")


def _from_json(data: Any) -> Progress:
    """The progress in a file's data; raises if the data has another form."""
    if data["schema"] != SCHEMA:
        raise ValueError("unknown schema")
    memories = {}
    for name, item in data["exercises"].items():
        memory = Memory(**item)
        if any(type(value) is not type(getattr(Memory(), key)) for key, value in asdict(memory).items()):
            raise TypeError(name)
        memories[name] = memory
    days = tuple(str(day) for day in data["days"])
    for day in days:
        date.fromisoformat(day)
    return Progress(str(data["course"]), memories, days)
