"""Intake: who handed in what for which unit. Each student gets exactly one submission for each unit."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.beneath import Beneath, Refusal, Why
from grader.classroom.intake.archives import Entry, entries
from grader.classroom.intake.codepages import other_readings
from grader.classroom.intake.kept import Kept, Shelf
from grader.classroom.intake.naming import Place, places
from grader.classroom.intake.roster import Names, Student
from grader.errors import GraderError
from grader.record import Outcome
from grader.submission import MAX_BYTES, Submission, SubmissionError, read_from
from grader.text import one_line

COPY = re.compile(r"(?:\s*\(\d+\)|[-_ ]+(?:v?\d+|final|copy))+$", re.IGNORECASE)  # `attention (1)`, `attention_v2`
STRANGER = "not on the roster"


@dataclass(frozen=True)
class HandIn:
    """One student's submission for one unit: bytes to grade, or a problem, or neither if nothing was handed in.

    `name` is the path as given, `kept` the bytes, including the student's own modules in the same folder, and `at` the
    time when it was handed in, if known. `unread` lists what could not be read.
    """

    student: str
    unit: str
    name: str = ""
    kept: Kept | None = None
    problem: str = ""
    note: str = ""
    at: datetime | None = None
    unread: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.kept:
            return Outcome.GRADED
        return Outcome.UNREADABLE if self.problem else Outcome.ABSENT

    def read(self) -> Submission:
        """The bytes that will run; SubmissionError if they are no longer there."""
        return self.kept.read()


@dataclass(frozen=True)
class Intake:
    """What a class handed in. `strays` are files that are nobody's, `lost` archive members without a usable name."""

    hand_ins: list[HandIn]
    students: list[Student]
    units: list[str]
    strays: list[str]
    lost: tuple[str, ...] = ()

    @property
    def unread(self) -> list[str]:
        """Everything that was handed in and could not be read, each once, with the reason."""
        return list(dict.fromkeys([*self.lost, *(words for hand_in in self.hand_ins for words in hand_in.unread)]))


@dataclass(frozen=True)
class Units:
    """What intake needs to know of a course: its units' exercises, and the hashes of its untouched stubs."""

    exercises: Mapping[str, Sequence[str]]
    stubs: frozenset[str] = frozenset()

    def of_name(self, place: Place) -> str:
        """The unit that a file's name or else its folder's name gives; empty if neither does."""
        stem = COPY.sub("", place.path[-1].rpartition(".")[0])
        if stem in self.exercises:
            return stem
        near = [unit for unit in self.exercises if re.search(rf"(?<![^\W_]){re.escape(unit)}(?![^\W_])", stem)]
        if len(near) == 1:
            return near[0]
        return next((part for part in reversed(place.path[:-1]) if part in self.exercises), "")

    def of_content(self, text: bytes) -> tuple[str, int]:
        """The unit of which a text defines most exercises, and how many these are."""
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
    """Take in a folder or an archive: one hand-in for each student and unit, in the order of the roster.

    `only` names the units to take, by default those for which somebody handed something in. `scratch` is an empty
    folder for the bytes until they are graded.
    """
    known = Names(roster)
    units = {unit: course.exercises[unit] for unit in only or course.exercises}
    everything = entries(source, scratch)
    usable = [entry for entry in everything if not entry.is_nobodys]
    found = list(places(usable, _plain_name(source), course.exercises, lambda name: bool(known.find(name))))
    people, theirs = _owned(found, roster, known)
    shelves = {name: _sort(theirs[name], course, only) for name in people}
    wanted = [unit for unit in units if only or any(unit in shelf.files for shelf in shelves.values())]
    if not wanted:
        unread = [broken.words for shelf in shelves.values() for each in shelf.broken.values() for broken in each]
        raise GraderError(
            f"nothing in {source} is for a unit of this course; name the unit with --unit, one of {', '.join(units)}"
            + (f"; what could not be read: {_listed(unread)}" if unread else "")
        )
    on_roster, kept = {student.id for student in roster}, Shelf(scratch)
    return Intake(
        [
            _hand_in(name, unit, shelves[name], str(source), bool(roster) and name not in on_roster, kept)
            for name in people
            for unit in wanted
        ],
        list(people.values()),
        wanted,
        [_shown(place.entry) for place in found if not place.owners],
        tuple(f"{_shown(entry)}: {entry.problem}" for entry in everything if entry.is_nobodys),
    )


def _owned(
    found: Sequence[Place], roster: Sequence[Student], known: Names
) -> tuple[dict[str, Student], dict[str, list[Place]]]:
    """(all students, those on the roster first and in its order; the files of each)."""
    people: dict[str, Student] = {student.id: student for student in roster}
    theirs: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        for owner in place.owners:
            name, page = known.find(owner.id, *owner.others), place.entry.page
            if page and not name:  # the roster decides between the possible readings
                name = known.find(*other_readings(owner.id, page))
                note = "" if name else f"its name is not in UTF-8; it was read as code page {page}"
                place = replace(place, note="; ".join(filter(None, [place.note, note])))
            name = name or owner.id
            old = people.get(name, Student(name))
            people[name] = replace(old, others=tuple(dict.fromkeys([*old.others, owner.id, *owner.others])))
            theirs[name].append(place)
    return people, theirs


@dataclass(frozen=True)
class _Looked:
    """A file that was read once: reading it again gives the same bytes or raises Refusal."""

    file: Beneath
    sha256: str

    def read(self, limit: int) -> bytes:
        content = self.file.read(limit)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise Refusal(Why.CHANGED)
        return content


@dataclass(frozen=True)
class _Broken:
    """What could not be read, and why; `may_pass` means that the cause is on the marker's side and may go away."""

    words: str
    may_pass: bool


@dataclass
class _Shelf:
    """One student's files by unit, and what is wrong with the others."""

    files: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    looked: dict[Beneath, _Looked] = field(default_factory=dict)
    modules: dict[tuple[str, ...], dict[str, _Looked]] = field(default_factory=lambda: defaultdict(dict))
    broken: dict[str, list[_Broken]] = field(default_factory=lambda: defaultdict(list))  # "" applies to every unit
    other: list[str] = field(default_factory=list)
    untouched: set[Beneath] = field(default_factory=set)


def _sort(mine: Sequence[Place], course: Units, only: Collection[str]) -> _Shelf:
    shelf = _Shelf()
    unsure: dict[str, list[tuple[int, Place]]] = defaultdict(list)
    code = []
    for place in mine:
        text = _text(place, shelf, course)
        if text is None:
            continue
        code.append(place)
        unit = course.of_name(place)
        exact = bool(unit) and COPY.sub("", place.path[-1].rpartition(".")[0]) == unit
        by_content, count = course.of_content(text)
        if exact:
            shelf.files[unit].append(place)
        elif unit or by_content:
            unsure[unit or by_content].append((count, place))
        else:
            shelf.other.append(_shown(place.entry))
    for unit, candidates in unsure.items():  # of files recognised by content only, those that define most of the unit
        if not shelf.files[unit]:
            most = max(count for count, _ in candidates)
            shelf.files[unit] = [place for count, place in candidates if count == most]
    if len(only) == 1 and len(code) == 1:  # the only file is for the only unit, whatever its name
        (unit,) = only
        shelf.files[unit] = shelf.files[unit] or code
    shelf.files = {unit: files for unit, files in shelf.files.items() if files}
    return shelf


def _text(place: Place, shelf: _Shelf, course: Units) -> bytes | None:
    """Read a file: its bytes if it is code, whose hash is remembered; None if there is nothing to mark in it."""
    entry = place.entry
    problem, may_pass = entry.problem, entry.may_pass
    if not problem and not (entry.file and entry.is_code):
        if place.path[-1] != ".":
            shelf.other.append(_shown(entry))
        return None
    try:
        text = entry.file.read(MAX_BYTES) if not problem else b""
    except Refusal as refusal:
        problem, may_pass = str(refusal), refusal.may_pass
    if problem:
        shelf.broken[course.of_name(place)].append(_Broken(f"{_shown(entry)}: {problem}", may_pass))
        return None
    looked = shelf.looked[entry.file] = _Looked(entry.file, hashlib.sha256(text).hexdigest())
    if entry.name.lower().endswith(".py"):
        shelf.modules[place.path[:-1]][place.path[-1][:-3]] = looked
    if looked.sha256 in course.stubs:
        shelf.untouched.add(entry.file)
    return text


def _hand_in(student: str, unit: str, shelf: _Shelf, source: str, is_stranger: bool, kept: Shelf) -> HandIn:
    notes = [STRANGER] if is_stranger else []
    broken = [*shelf.broken.get(unit, []), *shelf.broken.get("", [])]
    files = shelf.files.get(unit)
    if not files:
        words = [each.words for each in broken]
        if not broken and shelf.other and not shelf.files:
            words = [f"handed in {_listed(shelf.other)}, which holds no exercise of this course"]
        unread = tuple(each.words for each in broken)
        note = "; ".join([*notes, *words[:3]])
        return HandIn(student, unit, problem="; ".join(words[:3]), note=note, unread=unread)
    place = max(files, key=lambda place: _preference(place, shelf))
    if len(files) > 1:
        notes.append(f"{len(files)} files for {unit}: {_shown(place.entry)} was marked")
    notes += [*filter(None, [place.note]), *(f"left out: {each.words}" for each in broken[:3])]
    hand_in = HandIn(
        student,
        unit,
        "/".join([source.rstrip("/"), *place.entry.path]),
        at=place.at,
        note="; ".join(notes),
        unread=tuple(each.words for each in broken if each.may_pass),
    )
    return _kept(hand_in, place, shelf, kept)


def _kept(hand_in: HandIn, place: Place, shelf: _Shelf, kept: Shelf) -> HandIn:
    """The hand-in with its bytes kept, or with a problem if they have changed, have gone or are too many."""
    own = shelf.looked[place.entry.file]
    beside = {name: file for name, file in shelf.modules[place.path[:-1]].items() if file != own}
    try:
        return replace(hand_in, kept=kept.keep(read_from(own, hand_in.name, beside.get)))
    except SubmissionError as error:
        words = one_line(str(error))
        note = "; ".join(filter(None, [hand_in.note, words]))
        return replace(hand_in, problem=words, note=note, unread=(*hand_in.unread, words))


def _preference(place: Place, shelf: _Shelf) -> tuple:
    """A sort key, the best last: worked on rather than an untouched stub, the latest, a .py file, the topmost."""
    is_file = place.entry.name.lower().endswith(".py")
    touched = place.entry.file not in shelf.untouched
    return (touched, place.turn, is_file, -len(place.path), [-ord(c) for c in "/".join(place.path)])


def _plain_name(source: Path) -> str:
    name = source.resolve().name
    return name if source.is_dir() else name.partition(".")[0] or name


def _shown(entry: Entry) -> str:
    return one_line("/".join(part for part in entry.path if part != "."), 120)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
