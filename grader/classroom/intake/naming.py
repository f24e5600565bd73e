"""Whose file is it? How folders, nbgrader, Moodle, Canvas and Gradescope name the files that a class hands in."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from grader.beneath import Refusal
from grader.classroom.intake.archives import ARCHIVES, MAX_NOTES, Entry
from grader.classroom.intake.roster import Student
from grader.errors import GraderError

# `Jane Doe_31415_assignsubmission_file_/attention.py`, or all in one file name; 31415 is "Participant 31415"
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_(?P<rest>.*))?", re.DOTALL)
# `doejane_LATE_2718_9001_attention-1.py`: user, attachment, and a number for each repeated hand-in
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<at>\d+)_(?P<rest>.+)", re.DOTALL | re.IGNORECASE)
AGAIN = re.compile(r"-(\d+)(?=\.\w+$)")
HEAD = re.compile(r"(['\"]?)([^\s:'\"][^:]*?)\1:\s*")  # the first line of a submission in Gradescope's list
METADATA = "submission_metadata.yml"
SEPARATORS = "-_. "


@dataclass(frozen=True)
class Place:
    """A file's owners (a group has several), its path below their own folder, and its turn: the highest one counts.

    `at` is when it was handed in, if the download says so.
    """

    entry: Entry
    owners: tuple[Student, ...]
    path: tuple[str, ...]
    turn: int = 0
    note: str = ""
    at: datetime | None = None


def places(
    entries: Sequence[Entry], whole: str, units: Collection[str], is_known: Callable[[str], bool]
) -> Iterator[Place]:
    """Every file with its owners, none if it is nobody's. `whole` is the name of the download itself."""
    for scheme in (_gradescope, _moodle, _canvas):
        if found := scheme(entries):
            return iter(found)
    return _folders(_unwrapped(entries, whole, units, is_known), whole, units)


def _gradescope(entries: Sequence[Entry]) -> list[Place]:
    """Gradescope's `assignment_1_export/submission_123/…`, with a list at the top that says whose each number is.

    A file with the list's name inside a student's folder is not trusted.
    """
    lists = (entry for entry in entries if entry.name == METADATA and entry.file)
    notes = next(
        (one for one in lists if all(each.path[: len(one.path) - 1] == one.path[:-1] for each in entries)), None
    )
    if notes is None or len(notes.path) > 2:
        return []
    above = len(notes.path) - 1
    try:
        text = notes.file.read(MAX_NOTES).decode("utf-8", "replace")
    except Refusal as refusal:
        raise GraderError(
            f"{METADATA}, which says who handed in what, was not read: {refusal}; download it again"
        ) from None
    people, times = submitters(text), moments(text)
    found = []
    for entry in entries:
        if entry is not notes:
            folder, *rest = (*entry.path[above:], "")
            name = folder if folder in people else _stem(folder)
            path = tuple(rest[:-1]) or (folder,)
            found.append(Place(entry, tuple(people.get(name, ())), path, at=times.get(name)))
    return found


def submitters(text: str) -> dict[str, list[Student]]:
    """Who handed in each submission, from Gradescope's list, which uses a subset of YAML."""
    people: dict[str, list[dict[str, str]]] = {}
    here: list[dict[str, str]] | None = None
    within = False
    for line in text.splitlines():
        if head := HEAD.fullmatch(line):
            here, within = people.setdefault(head[2], []), False
        elif section := re.match(r"  ?:?(\w+):", line):
            within = section[1] == "submitters"
        elif here is not None and within and (item := re.match(r"\s*(-?)\s*:(name|sid|email):\s*(.*?)\s*$", line)):
            if item[1] or not here:
                here.append({})
            here[-1][item[2]] = _unquoted(item[3])
    return {name: [student for one in found if (student := _submitter(one))] for name, found in people.items()}


def moments(text: str) -> dict[str, datetime]:
    """When each submission was handed in, from Gradescope's list; deeper entries, such as a history's, are ignored."""
    found: dict[str, datetime] = {}
    here = ""
    for line in text.splitlines():
        if head := HEAD.fullmatch(line):
            here = head[2]
        elif (item := re.fullmatch(r"  :created_at: *(.+?) *", line)) and (moment := moment_of(_unquoted(item[1]))):
            found[here] = moment
    return found


def moment_of(text: str) -> datetime | None:
    """Parse a time in ISO 8601, also with a space before the zone or `UTC` as zone; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\s+(?=(?:Z|[+-]\d\d:?\d\d)$)", "", text.removesuffix(" UTC")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _submitter(fields: dict[str, str]) -> Student | None:
    names = [fields[name] for name in ("sid", "email", "name") if fields.get(name)]
    return Student(names[0], tuple(names[1:])) if names else None


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), value[1:-1]).replace('\\"', '"')
    return "" if value in ("null", "~") else value


def _moodle(entries: Sequence[Entry]) -> list[Place]:
    """Moodle's folder or file for each participant; participants with the same name are distinguished by number."""
    found, ids = [], defaultdict(set)
    deepest = (
        2 if len({entry.path[0] for entry in entries}) == 1 else 1
    )  # inside a student's own folder, names are the student's choice
    for entry in entries:
        matches = [(at, MOODLE.fullmatch(part)) for at, part in enumerate(entry.path[:deepest])]
        at, match = next(((at, match) for at, match in matches if match), (0, None))
        if match is None:
            found.append(Place(entry, (), entry.path))
            continue
        name, number = match["name"], match["id"]
        ids[name].add(number)
        rest = (*filter(None, [match["rest"]]), *entry.path[at + 1 :]) or (entry.name,)
        found.append(Place(entry, (Student(name, (f"Participant {number}", number)),), rest))
    return _told_apart(found, ids) if ids else []


def _canvas(entries: Sequence[Entry]) -> list[Place]:
    """Canvas's file for each attachment; if it was handed in again, the latest counts."""
    found, ids = [], defaultdict(set)
    for entry in entries:
        match = CANVAS.fullmatch(entry.path[0]) or (CANVAS.fullmatch(entry.path[1]) if entry.path[1:] else None)
        if match is None:
            return []
        at = 0 if CANVAS.fullmatch(entry.path[0]) else 1
        ids[match["name"]].add(match["id"])
        note = "handed in late" if match["late"] else ""
        rest = (AGAIN.sub("", match["rest"]), *entry.path[at + 1 :])
        found.append(Place(entry, (Student(match["name"], (match["id"],)),), rest, int(match["at"]), note))
    return _told_apart(found, ids)


def _told_apart(found: list[Place], ids: dict[str, set[str]]) -> list[Place]:
    def apart(student: Student) -> Student:
        number = student.others[-1]
        return Student(f"{student.id} ({number})", student.others) if len(ids[student.id]) > 1 else student

    return [replace(place, owners=tuple(map(apart, place.owners))) for place in found]


def _unwrapped(
    entries: Sequence[Entry], whole: str, units: Collection[str], is_known: Callable[[str], bool]
) -> list[Entry]:
    """Remove folders that contain everything: an archive's single top folder, nbgrader's `submitted`."""
    found = list(entries)
    while found and "submitted" in {entry.path[0] for entry in found if len(entry.path) > 2}:  # a course's folder
        found = [replace(e, path=e.path[1:]) for e in found if e.path[0] == "submitted" and len(e.path) > 1]
    while True:
        tops = {entry.path[0] for entry in found}
        below = {entry.path[1] for entry in found if len(entry.path) > 1}
        top = next(iter(tops), "")
        is_student = is_known(top) or top in units or any(_is_of_unit(name, units) for name in below)
        if len(tops) != 1 or not below or top.lower().endswith(ARCHIVES) or is_student or below == {"."}:
            return found
        if top != whole and any(len(entry.path) == 2 and entry.is_code for entry in found):
            return found  # one student's folder; only `zip -r class.zip class` has a top folder named like the archive
        found = [replace(entry, path=entry.path[1:]) for entry in found if len(entry.path) > 1]


def _is_of_unit(name: str, units: Collection[str]) -> bool:
    return name in units or _stem(name) in units


def _folders(entries: Sequence[Entry], whole: str, units: Collection[str]) -> Iterator[Place]:
    """A folder, an archive or a file for each student; files at the top named after units belong to one student."""
    for entry in entries:
        top, *rest = entry.path
        if (not rest and _stem(top) in units) or (rest and top in units):
            yield Place(entry, (Student(whole),), entry.path)
        elif rest and not (len(rest) == 1 and rest[0] == "." and top == "."):
            yield Place(entry, (Student(_stem(top) if top.lower().endswith(ARCHIVES) else top),), tuple(rest))
        elif entry.is_code or entry.is_archive or entry.problem:
            yield Place(entry, (Student(_without_unit(_stem(top), units)),), (top,))
        else:
            yield Place(entry, (), entry.path)  # a list or a note beside the students' files


def _without_unit(stem: str, units: Collection[str]) -> str:
    """A name without a unit's: `alice` for `alice_attention` and `attention-alice`."""
    for unit in units:
        if stem.endswith(unit) and stem[: -len(unit)].rstrip(SEPARATORS) != stem[: -len(unit)]:
            return stem[: -len(unit)].rstrip(SEPARATORS) or stem
        if stem.startswith(unit) and stem[len(unit) :].lstrip(SEPARATORS) != stem[len(unit) :]:
            return stem[len(unit) :].lstrip(SEPARATORS) or stem
    return stem


def _stem(name: str) -> str:
    """A file's name without its suffix, also a double one such as .tar.gz."""
    lower = name.lower()
    for suffix in (*ARCHIVES, ".py", ".ipynb"):
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
