"""One student's files, sorted by unit: which is marked for each, and what is said about the others."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from grader.beneath import Beneath, Refusal, Why
from grader.classroom.intake.choosing import Choice, Found, choose
from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.kept import Shelf
from grader.classroom.intake.of_units import Units
from grader.classroom.intake.place import Place, shown
from grader.frozen import frozen
from grader.sandbox.inside.reading import unreadable
from grader.submission import MAX_BYTES, SubmissionError, read_from
from grader.text import listed, one_line

STRANGER = "not on the roster"
PAGE = (b"<!doctype html", b"<html")


@frozen
class Looked:
    """A file that was read once: reading it again gives the same bytes or raises Refusal."""

    file: Beneath
    sha256: str

    def read(self, limit: int) -> bytes:
        content = self.file.read(limit)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise Refusal(Why.CHANGED)
        return content


@frozen
class Broken:
    """What could not be read, and why; `may_pass` means that the cause is on the marker's side and may go away."""

    words: str
    may_pass: bool


@dataclass
class Sorted:
    """One student's files by unit, and what is wrong with the others."""

    files: dict[str, list[Found]] = field(default_factory=lambda: defaultdict(list))
    looked: dict[Beneath, Looked] = field(default_factory=dict)
    modules: dict[tuple[str, ...], dict[str, Looked]] = field(default_factory=lambda: defaultdict(dict))
    broken: dict[str, list[Broken]] = field(default_factory=lambda: defaultdict(list))  # "" applies to every unit
    other: list[str] = field(default_factory=list)


def sort(mine: Sequence[Place], course: Units, only: Collection[str]) -> Sorted:
    """A student's files by unit. A file is of the unit in its name unless it defines another's exercises and none of it."""
    found, code = Sorted(), []
    for place in mine:
        text = _text(place, found, course)
        if text is not None:
            code.append((place, text))
    for place, text in code:
        named, best = course.of_name(place), course.of_content(text)
        if named and best not in ("", named) and not course.may_be_of(text, named):
            named = ""
        unit = named or best
        if not unit and len(only) == 1 and len(code) == 1 and course.may_be_of(text, *only):
            (unit,) = only  # the only file is for the only unit, whatever its name
        if not unit:
            found.other.append(shown(place.entry))
            continue
        looked = found.looked[place.entry.file]
        is_exact = course.is_exact(place, unit)
        one = Found(place, looked.sha256, course.defined(text, unit), is_exact, looked.sha256 not in course.stubs)
        found.files[unit].append(one)
    found.files = dict(found.files)
    return found


def _text(place: Place, found: Sorted, course: Units) -> bytes | None:
    """Read a file: its bytes if it is code, whose hash is remembered; None if there is nothing to mark in it."""
    entry = place.entry
    problem, may_pass = entry.problem, entry.may_pass
    if not problem and not (entry.file and entry.is_code):
        if place.path[-1] != ".":
            found.other.append(place.instead or shown(entry))
        return None
    try:
        text = entry.file.read(MAX_BYTES) if not problem else b""
    except Refusal as refusal:
        problem, may_pass = str(refusal), refusal.may_pass
    if not problem:
        problem = _fault(text, entry.name.lower())
    if problem:
        found.broken[course.of_name(place)].append(Broken(f"{shown(entry)}: {problem}", may_pass))
        return None
    looked = found.looked[entry.file] = Looked(entry.file, hashlib.sha256(text).hexdigest())
    if entry.name.lower().endswith(".py"):
        found.modules[place.path[:-1]][place.path[-1][:-3]] = looked
    return text


def _fault(text: bytes, name: str) -> str:
    """Why nothing can be marked in a file's bytes, as after a bad upload; empty if something can, right or wrong."""
    start = text[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.strip():
        return "the file is empty" if name != "__init__.py" else ""
    if start[:20].lower().startswith(PAGE):
        return "it is a web page and no code; was a link saved in place of the file?"
    return unreadable(text, name)


def hand_in(
    student: str, unit: str, mine: Sorted, source: str, is_stranger: bool, kept: Shelf, only: Collection[str]
) -> HandIn:
    """What a student handed in for a unit, with notes on whatever was odd about it."""
    notes = [STRANGER] if is_stranger else []
    broken = [*mine.broken.get(unit, []), *mine.broken.get("", [])]
    files = mine.files.get(unit)
    if not files or (broken and not any(one.is_touched for one in files)):  # the stub was kept, and the work is broken
        return _nothing(student, unit, mine, notes, broken, only)
    choice = choose(files, unit)
    place = choice.place
    notes += [*filter(None, [choice.note, place.note]), *(f"left out: {each.words}" for each in broken[:3])]
    unread = tuple(each.words for each in broken if each.may_pass)
    if choice.is_open:
        words = f"{student}, {choice.note}"
        return HandIn(student, unit, problem=choice.note, note="; ".join(notes), unread=(*unread, words))
    name = "/".join([source.rstrip("/"), *place.entry.path])
    one = HandIn(student, unit, name, at=place.at, note="; ".join(notes), unread=unread)
    return _kept(one, choice, mine, kept)


def _nothing(
    student: str, unit: str, mine: Sorted, notes: Sequence[str], broken: Sequence[Broken], only: Collection[str]
) -> HandIn:
    """The hand-in of who has no file for a unit: absent, or unreadable where something may have been meant for it."""
    words = [each.words for each in broken]
    if not words and mine.other and not mine.files:
        words = [f"handed in {listed(mine.other, 3)}, which holds no exercise of this course"]
    said = list(words)
    if not words and only and not {*only} & {*mine.files}:
        elsewhere = [f"{shown(one.place.entry)} ({other})" for other, files in mine.files.items() for one in files]
        said = [f"handed in something else: {listed(elsewhere, 3)}"] if elsewhere else []
    note = "; ".join([*notes, *said[:3]])
    return HandIn(student, unit, problem="; ".join(words[:3]), note=note, unread=tuple(each.words for each in broken))


def _kept(one: HandIn, choice: Choice, mine: Sorted, kept: Shelf) -> HandIn:
    """The hand-in with its bytes kept, or with a problem if they have changed, have gone or are too many."""
    place = choice.place
    own = mine.looked[place.entry.file]
    beside = {name: file for name, file in mine.modules[place.path[:-1]].items() if file != own}
    try:
        return replace(one, kept=kept.keep(read_from(own, one.name, beside.get)))
    except SubmissionError as error:
        words = one_line(str(error))
        note = "; ".join(filter(None, [one.note, words]))
        return replace(one, problem=words, note=note, unread=(*one.unread, words))
