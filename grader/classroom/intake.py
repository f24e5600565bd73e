"""Intake: who handed in what for which unit. Each student gets exactly one hand-in for each unit."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from grader.classroom.archives import Entry, entries
from grader.classroom.naming import Place, places
from grader.classroom.record import Outcome
from grader.classroom.roster import Names, Student
from grader.errors import GraderError
from grader.submission import Submission, read_from
from grader.text import one_line

COPY = re.compile(r"(?:\s*\(\d+\)|[-_ ]+(?:v?\d+|final|copy))+$", re.IGNORECASE)  # `attention (1)`, `attention_v2`
STRANGER = "not on the roster"


@dataclass(frozen=True)
class HandIn:
    """One student's hand-in for one unit: a file to grade; or a problem; or neither, then nothing was handed in.

    `name` is the path as given, `beside` the student's own modules in the same folder, `at` when it was handed in, where that
    is known.
    """

    student: str
    unit: str
    name: str = ""
    file: Path | None = None
    beside: Mapping[str, Path] = field(default_factory=dict)
    problem: str = ""
    note: str = ""
    at: datetime | None = None

    @property
    def outcome(self) -> Outcome:
        if self.file:
            return Outcome.GRADED
        return Outcome.UNREADABLE if self.problem else Outcome.ABSENT

    def read(self) -> Submission:
        """The bytes that will run; SubmissionError if they cannot be taken."""
        return read_from(self.file, self.name, self.beside.get)


@dataclass(frozen=True)
class Intake:
    """What a class handed in. `strays` are files that are nobody's."""

    hand_ins: list[HandIn]
    students: list[Student]
    units: list[str]
    strays: list[str]


@dataclass(frozen=True)
class Units:
    """What intake needs to know of a course: its units' exercises, and the hashes of its untouched stubs."""

    exercises: Mapping[str, Sequence[str]]
    stubs: frozenset[str] = frozenset()

    def of_name(self, place: Place) -> str:
        """The unit that a file's name tells, or its folder's; empty if neither does."""
        stem = COPY.sub("", place.path[-1].rpartition(".")[0])
        if stem in self.exercises:
            return stem
        near = [unit for unit in self.exercises if re.search(rf"(?<![^\W_]){re.escape(unit)}(?![^\W_])", stem)]
        if len(near) == 1:
            return near[0]
        return next((part for part in reversed(place.path[:-1]) if part in self.exercises), "")

    def of_content(self, text: bytes) -> tuple[str, int]:
        """The unit that a text defines most of, and how many of its exercises."""
        lines = text.replace(b"\\n", b"\n")  # a notebook's lines
        counts = {
            unit: sum(bool(re.search(rb"\b(def|class)\s+" + name.encode() + rb"\b", lines)) for name in names)
            for unit, names in self.exercises.items()
        }
        best = max(counts, key=lambda unit: counts[unit], default="")
        return (best, counts[best]) if best and counts[best] else ("", 0)


def take(
    source: Path, course: Units, scratch: Path, roster: Sequence[Student] = (), only: Collection[str] = ()
) -> Intake:
    """What lies in a folder or an archive, as one hand-in for each student and unit, in the order of the roster.

    `only` names the units to take; without it those that somebody handed something in for. `scratch` is an empty folder
    where the files of archives may lie until they are graded.
    """
    known = Names(roster)
    units = {unit: course.exercises[unit] for unit in only or course.exercises}
    found = list(
        places(entries(source, scratch), _plain_name(source), course.exercises, lambda name: bool(known.find(name)))
    )
    people: dict[str, Student] = {student.id: student for student in roster}
    theirs: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        for owner in place.owners:
            name = known.find(owner.id, *owner.others) or owner.id
            old = people.get(name, Student(name))
            people[name] = Student(name, tuple(dict.fromkeys([*old.others, owner.id, *owner.others])))
            theirs[name].append(place)
    shelves = {name: _sort(theirs[name], course, only) for name in people}
    wanted = [unit for unit in units if only or any(unit in shelf.files for shelf in shelves.values())]
    if not wanted:
        raise GraderError(
            f"nothing in {source} is for a unit of this course; name the unit with --unit, one of {', '.join(units)}"
        )
    on_roster = {student.id for student in roster}
    return Intake(
        [
            _hand_in(name, unit, shelves[name], str(source), bool(roster) and name not in on_roster)
            for name in people
            for unit in wanted
        ],
        list(people.values()),
        wanted,
        [_shown(place.entry) for place in found if not place.owners],
    )


@dataclass
class _Shelf:
    """One student's files, by unit; what is wrong with the rest."""

    files: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    modules: dict[tuple[str, ...], dict[str, Path]] = field(default_factory=lambda: defaultdict(dict))
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # "" is for every unit
    other: list[str] = field(default_factory=list)
    untouched: set[Path] = field(default_factory=set)


def _sort(mine: Sequence[Place], course: Units, only: Collection[str]) -> _Shelf:
    shelf = _Shelf()
    code = [place for place in mine if place.entry.file and place.entry.is_code]
    unsure: dict[str, list[tuple[int, Place]]] = defaultdict(list)
    for place in code:
        if place.entry.name.lower().endswith(".py"):
            shelf.modules[place.path[:-1]][place.path[-1][:-3]] = place.entry.file
        text = _bytes(place.entry.file)
        if hashlib.sha256(text).hexdigest() in course.stubs:
            shelf.untouched.add(place.entry.file)
        unit = course.of_name(place)
        exact = bool(unit) and COPY.sub("", place.path[-1].rpartition(".")[0]) == unit
        by_content, count = course.of_content(text)
        if exact:
            shelf.files[unit].append(place)
        elif unit or by_content:
            unsure[unit or by_content].append((count, place))
        else:
            shelf.other.append(_shown(place.entry))
    for unit, candidates in unsure.items():  # of files that are only like a unit's, those that define most of it
        if not shelf.files[unit]:
            most = max(count for count, _ in candidates)
            shelf.files[unit] = [place for count, place in candidates if count == most]
    for place in mine:
        if place.entry.problem:
            shelf.broken[course.of_name(place)].append(f"{_shown(place.entry)}: {place.entry.problem}")
        elif not place.entry.is_code and place.path[-1] != ".":
            shelf.other.append(_shown(place.entry))
    if len(only) == 1 and len(code) == 1:  # whatever it is called, it is for this unit
        (unit,) = only
        shelf.files[unit] = shelf.files[unit] or code
    shelf.files = {unit: files for unit, files in shelf.files.items() if files}
    return shelf


def _hand_in(student: str, unit: str, shelf: _Shelf, source: str, is_stranger: bool) -> HandIn:
    notes = [STRANGER] if is_stranger else []
    broken = [*shelf.broken.get(unit, []), *shelf.broken.get("", [])]
    files = shelf.files.get(unit)
    if not files:
        if not broken and shelf.other and not shelf.files:
            broken = [f"handed in {_listed(shelf.other)}, which holds no exercise of this course"]
        return HandIn(student, unit, problem="; ".join(broken[:3]), note="; ".join([*notes, *broken[:3]]))
    place = max(files, key=lambda place: _preference(place, shelf))
    if len(files) > 1:
        notes.append(f"{len(files)} files for {unit}: {_shown(place.entry)} was marked")
    notes += [*filter(None, [place.note]), *(f"left out: {text}" for text in broken[:3])]
    return HandIn(
        student,
        unit,
        "/".join([source.rstrip("/"), *place.entry.path]),
        place.entry.file,
        {name: file for name, file in shelf.modules[place.path[:-1]].items() if file != place.entry.file},
        note="; ".join(notes),
        at=place.at,
    )


def _preference(place: Place, shelf: _Shelf) -> tuple:
    """The latest; then one that is not the stub as it was given out; then a file before a notebook, and the topmost."""
    is_file = place.entry.name.lower().endswith(".py")
    touched = place.entry.file not in shelf.untouched
    return (touched, place.turn, is_file, -len(place.path), [-ord(c) for c in "/".join(place.path)])


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # said when it is its turn to be read
        return b""


def _plain_name(source: Path) -> str:
    name = source.resolve().name
    return name if source.is_dir() else name.partition(".")[0] or name


def _shown(entry: Entry) -> str:
    return one_line("/".join(part for part in entry.path if part != "."), 120)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
