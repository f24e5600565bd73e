"""How Moodle, Canvas, Brightspace and Blackboard name the files of a download.

The platform is told from most of the names, so one odd file among hundreds is one odd file. Inside a student's own
folder or archive, names are the student's choice and say nothing.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from grader.classroom.intake.archives import Entry
from grader.classroom.intake.place import Place
from grader.classroom.intake.roster import Student
from grader.frozen import frozen

# `Jane Doe_31415_assignsubmission_file_/attention.py`, or all in one file name; 31415 is "Participant 31415"
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?", re.DOTALL)
# `doejane_LATE_2718_9001_attention-1.py`: user, attachment, and a number for each repeated hand-in
LATE, OF_CANVAS = r"(?P<late>LATE_)?", r"(?:(?P<at>\d+)_(?P<rest>.+)|(?P<kind>text|link)\.html)"
CANVAS = re.compile(rf"(?P<name>.+?)_{LATE}(?P<id>\d+)_{OF_CANVAS}", re.DOTALL | re.IGNORECASE)
ANONYMOUS = re.compile(rf"{LATE}(?P<name>anon_[^\W_]+)_(?P<later>LATE_)?{OF_CANVAS}", re.DOTALL | re.IGNORECASE)
AGAIN = re.compile(r"-(\d+)(?=\.\w+$)")
# `12345-67890 - Jane Doe - Nov 20, 2026 1159 PM`: a folder for each hand-in, or all in one file name
BRIGHTSPACE = re.compile(
    r"\d+-\d+ ?- ?(?P<name>.+?) ?- (?P<when>[^-]*\d{4},? [^-]*\d)(?P<half> ?[AaPp]\.?[Mm]\.?)?(?: ?- (?P<rest>.+))?",
    re.DOTALL,
)
# `Homework 1_jdoe_attempt_2026-11-20-23-59-01_attention.py`, and beside it a `.txt` for each hand-in
BLACKBOARD = re.compile(
    r"(?P<before>.+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|(?P<kind>\.txt))?", re.DOTALL
)
OWN_PAGES = {"index.html"}  # what a platform puts beside the students' folders
MONTHS = (
    "jan ene", "feb fév", "mar mär", "apr avr abr", "may mai mag", "jun juin giu", "jul juil lug", "aug aoû ago", "sep set",
    "oct okt ott out", "nov", "dec dez déc dic",
)  # fmt: skip


@frozen
class Mark:
    """What the platform's part of a name says. `rest` is the student's own part, empty for a folder."""

    student: Student
    number: str
    rest: str = ""
    turn: int = 0
    note: str = ""
    instead: str = ""
    is_by_number: bool = False  # the roster may know the number alone
    attempt: int = 0


def moodle(name: str) -> Mark | None:
    match = MOODLE.fullmatch(name)
    if match is None:
        return None
    number = match["id"]
    instead = "" if match["kind"] == "file" else "text in Moodle's box"
    return Mark(Student(match["name"], (f"Participant {number}",)), number, match["rest"] or "", instead=instead)


def canvas(name: str) -> Mark | None:
    match = ANONYMOUS.fullmatch(name) or CANVAS.fullmatch(name)
    if match is None:
        return None
    said = match.groupdict()
    number = said.get("id") or match["name"]
    kind = (match["kind"] or "").lower()
    return Mark(
        Student(match["name"], (number,) if number != match["name"] else ()),
        number,
        AGAIN.sub("", match["rest"] or ""),
        int(match["at"] or 0),
        "handed in late" if match["late"] or said.get("later") else "",
        {"text": "text in Canvas's box", "link": "a link"}.get(kind, ""),
        "id" in said,
    )


def brightspace(name: str) -> Mark | None:
    match = BRIGHTSPACE.fullmatch(name)
    when = match and moment(match["when"] + (match["half"] or ""))
    if not when:
        return None
    return Mark(Student(match["name"].strip()), name.partition("-")[0], match["rest"] or "", attempt=when)


def blackboard(name: str) -> Mark | None:
    match = BLACKBOARD.fullmatch(name)
    if match is None:
        return None
    words = match["before"].split("_")  # an assignment's name and a user's, and either may hold a low line
    others = tuple("_".join(words[-count:]) for count in range(2, len(words)))
    when = int(match["when"].replace("-", ""))
    instead = "text in Blackboard's box" if match["kind"] else ""
    return Mark(Student(words[-1], others), match["before"], match["rest"] or "", instead=instead, attempt=when)


Scheme = Callable[[str], Mark | None]
SCHEMES: tuple[Scheme, ...] = (moodle, brightspace, blackboard, canvas)


def marked(entries: Sequence[Entry]) -> tuple[list[Place], list[Entry]] | None:
    """(every file that the platform named, the odd others); None if less than half of the names are a platform's."""
    folders = {entry.path[0] for entry in entries if len(entry.path) > 1}
    depths = (0, 1) if len(folders) == 1 else (0,)
    found = [(_share(entries, scheme, depth), -depth, scheme) for scheme in SCHEMES for depth in depths]
    share, depth, scheme = max(found, key=lambda one: one[:2])
    if share < 0.5:
        return None
    places, odd = [], []
    for entry in entries:
        mark = scheme(entry.path[-depth]) if len(entry.path) > -depth else None
        if mark:
            places.append((mark, _place(mark, entry, -depth)))
        elif entry.path[-1] not in OWN_PAGES or len(entry.path) > 1 - depth:
            odd.append(entry)
    return _told_apart(places), odd


def _share(entries: Sequence[Entry], scheme: Scheme, depth: int) -> float:
    """The share of the names at a depth that a scheme knows."""
    names = {entry.path[depth] for entry in entries if len(entry.path) > depth} - OWN_PAGES
    return sum(scheme(name) is not None for name in names) / len(names) if names else 0.0


def _place(mark: Mark, entry: Entry, depth: int) -> Place:
    path = (*filter(None, [mark.rest]), *entry.path[depth + 1 :]) or (entry.name,)
    number = mark.number if mark.is_by_number else ""
    return Place(entry, (mark.student,), path, mark.turn, mark.note, None, mark.instead, number, mark.attempt)


def _told_apart(found: Sequence[tuple[Mark, Place]]) -> list[Place]:
    """Students of one name are told apart by number. A group's name, which Moodle puts before, is left out as well."""
    numbers, groups = defaultdict(set), defaultdict(set)
    for mark, _ in found:
        numbers[mark.student.id].add(mark.number)
        group, dash, _rest = mark.student.id.partition("-")
        if dash:
            groups[group].add(mark.number)
    shared = _shared([mark.number for mark, _ in found])

    def apart(mark: Mark) -> Student:
        student = mark.student
        if mark.number.startswith(shared) and shared:  # Blackboard's, behind the assignment's name
            return Student(mark.number[len(shared) :], (student.id, *student.others))
        group, _, rest = student.id.partition("-")
        others = (*student.others, rest) if len(groups[group]) > 1 and rest else student.others
        is_shared = len(numbers[student.id]) > 1
        return Student(f"{student.id} ({mark.number})" if is_shared else student.id, others)

    return [replace(place, owners=(apart(mark),)) for mark, place in found]


def _shared(names: Iterable[str]) -> str:
    """What all of Blackboard's names begin with, up to a low line: the assignment's name."""
    different = sorted(set(names))
    if len(different) < 2 or "_" not in different[0]:
        return ""
    first, last = different[0], different[-1]
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: first.rfind("_", 0, same) + 1]


def moment(text: str) -> int:
    """A time in a folder's name as a number that grows with it, `Nov 20, 2026 1159 PM` in several languages; 0 if it is none."""
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    half = (
        "p" if any(word in ("pm", "p") for word in words) else "a" if any(word in ("am", "a") for word in words) else ""
    )
    named = [
        place for word in words for place, names in enumerate(MONTHS, 1) if {word[:3], word[:4]} & {*names.split()}
    ]
    numbers = [int(word) for word in words if word.isdigit()]
    if not named or len(numbers) < 3 or len([n for n in numbers if n >= 1900 and n < 2200]) < 1:
        return 0
    year = next(n for n in numbers if 1900 <= n < 2200)
    day, *clock = [n for n in numbers if n != year] or [0]
    hour, minute = divmod(clock[0], 100) if len(clock) == 1 else (clock[0], clock[1]) if clock else (0, 0)
    if half:
        hour = hour % 12 + 12 * (half == "p")
    try:
        return int(datetime(year, named[0], day, hour, minute).strftime("%Y%m%d%H%M"))
    except ValueError:
        return 0
