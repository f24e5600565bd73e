"""A class's roster: a table, one student per row, from Canvas, Moodle, Gradescope, Brightspace, Blackboard, GitHub or a teacher."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from grader.classroom.intake.columns import ANY_NAME, FIRST, IDS, LAST, MOODLE_NUMBER, NAMES, PLATFORM, meaning
from grader.classroom.intake.sheets import Sheet, read_sheet
from grader.errors import GraderError
from grader.frozen import frozen
from grader.text import one_line

ABOUT_COLUMNS = ("points possible", "manual posting", "muted")  # rows of Canvas's export that are nobody's
A_GRADE = re.compile(
    r"\(\d+\)$|^(Unposted )?(Current|Final) (Score|Grade|Points)$"
)  # Canvas's own number, Canvas's sums
NOBODY = {"student, test", "test student"}  # Canvas's own student, by whom teachers look at their pages


@frozen
class Student:
    """`id` is the student's name in records, `others` are other names in downloads and gradebooks.

    `name` is what people call the student, empty if nobody said; `attributes` are the roster's other columns, such as
    a section or a tutor, as (heading, text).
    """

    id: str
    others: tuple[str, ...] = ()
    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@frozen
class _Person:
    """A row of a roster: its cells by what their columns mean, and the columns that mean nothing to us."""

    cells: Mapping[str, str]
    attributes: tuple[tuple[str, str], ...]

    def any_of(self, columns: Sequence[str]) -> str:
        """The first of some columns that has a text."""
        return next((self.cells[name] for name in columns if self.cells.get(name)), "")

    @property
    def full_name(self) -> str:
        """First and last name where they have columns, else the name turned round at its comma."""
        if both := " ".join(filter(None, [self.any_of(FIRST), self.any_of(LAST)])):
            return both
        last, comma, first = self.any_of(NAMES).partition(",")
        return f"{first.strip()} {last.strip()}".strip() if comma else last.strip()


def read_roster(path: Path) -> list[Student]:
    """Read the students of a table, in its order; GraderError if no column names them."""
    sheet = read_sheet(path, "the roster")
    if not sheet.rows:
        raise GraderError(f"the roster {path} is empty")
    header = [meaning(name) for name in sheet.header]
    rows = [[cell.text.strip() for cell in row] for row in sheet.rows]
    if not {*header} & {*IDS, *FIRST, *LAST}:
        if max(map(len, rows)) > 1:
            known = ", ".join(IDS[:4])
            there = ", ".join(one_line(name, 40) for name in sheet.header[:12])
            raise GraderError(
                f"the roster {path} has no column that names a student, such as {known}, email or name; it has {there}"
            )
        header, rows = ["student_id"], [["student_id"], *rows]  # a plain list
    titles = [*sheet.header, *([""] * len(header))]
    people = [person for row in rows[1:] if (person := _person(header, titles, row))]
    column = next((name for name in _columns(header, people) if _names_each_once(people, name)), None)
    if column is None and not _are_different([person.full_name for person in people]):
        raise GraderError(
            f"the roster {path} names a student twice, or not at all, in every column{_twice(sheet, header, people)}; mend it"
        )
    return [
        Student(
            person.cells[column] if column else person.full_name,
            tuple(dict.fromkeys(_others(person))),
            person.full_name,
            person.attributes,
        )
        for person in people
    ]


def _person(header: Sequence[str], titles: Sequence[str], row: Sequence[str]) -> _Person | None:
    """The student of a row; None if it is about the columns, names nobody or is the platform's own."""
    cells: dict[str, str] = {}
    attributes = []
    for name, title, text in zip(header, titles, row, strict=False):
        if name in ANY_NAME:
            cells[name] = cells.get(name) or text
        elif title and text and not A_GRADE.search(title):
            attributes.append((one_line(title, 60), text))
    if {*header} & {*FIRST} and not {*header} & {*LAST} and (last := cells.get("name", "")):  # `Name;Vorname`
        cells["last name"] = last.removeprefix(cells.get(FIRST[0], "")).strip()
        del cells["name"]
    person = _Person(cells, tuple(attributes))
    first = _fold(next(iter(row), ""))
    is_nobody = {_fold(person.any_of(NAMES)), _fold(person.full_name)} & NOBODY or first.startswith(ABOUT_COLUMNS)
    return None if is_nobody or not any(cells.values()) else person


def _columns(header: Sequence[str], people: Sequence[_Person]) -> list[str]:
    """The columns that may give the ids, best first. `student` is one where it holds no names, as Canvas's does."""
    are_ids = not any(re.search(r"[,\s]", person.cells.get("student", "")) for person in people)
    if "student" in header and are_ids and not {*header} & PLATFORM:
        return ["student", *IDS]
    return list(IDS)


def _twice(sheet: Sheet, header: Sequence[str], people: Sequence[_Person]) -> str:
    """An example of what is there twice, in words; empty if there is none."""
    for name in IDS:
        seen: set[str] = set()
        for person in people if name in header else ():
            text = person.cells.get(name, "")
            if text and _fold(text) in seen:
                return f" ({one_line(text, 60)} is in {sheet.header[list(header).index(name)]} twice)"
            seen.add(_fold(text))
    return ""


def _names_each_once(people: Sequence[_Person], column: str) -> bool:
    return _are_different([person.cells.get(column, "") for person in people])


def _are_different(values: Sequence[str]) -> bool:
    found = [_fold(value) for value in values]
    return bool(found) and all(found) and len({*found}) == len(found)


def _others(person: _Person) -> Iterator[str]:
    """Other names of a student: ids, the name in both orders, and the form that Canvas uses in file names."""
    for column in IDS:
        if text := person.cells.get(column, ""):
            yield text
            if column in MOODLE_NUMBER and (found := re.fullmatch(r"[^\d,;]*\s*(\d+)", text)):
                yield f"Participant {found[1]}"
            if text.startswith("#"):  # Brightspace puts it before ids, so that no spreadsheet takes them for numbers
                yield text[1:]
    first, last = person.any_of(FIRST), person.any_of(LAST)
    if first or last:
        yield from _both_ways(first, last)
    for name in filter(None, (person.cells.get(column, "") for column in NAMES)):
        last, comma, first = name.partition(",")
        if comma:
            yield from _both_ways(first.strip(), last.strip())


def _both_ways(first: str, last: str) -> Iterator[str]:
    """A name as platforms write it: as people say it, as lists do, and as Canvas does."""
    yield f"{first} {last}".strip()
    yield f"{last}, {first}"
    yield compact(last + first)


def compact(name: str) -> str:
    """A name as Canvas puts it in front of a file name: lower case, only letters with their marks, digits and low lines."""
    return "".join(sign for sign in name if unicodedata.category(sign) in WORDS).lower()


WORDS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"}  # Ruby's [[:word:]]


class Names:
    """Finds students by any of their names; a name that two students share finds neither.

    What only could be a name, such as the last name first, or an id without the zeros that a spreadsheet drops, counts
    where nobody is called so: of Li Wang and Wang Li, each has their own.
    """

    def __init__(self, students: Iterable[Student]):
        self._exact: dict[str, str | None] = {}
        self._loose: dict[str, str | None] = {}
        self._guessed: dict[str, str | None] = {}
        for student in students:
            _note(self._exact, _fold(student.id), student.id)
            for other in student.others:
                _note(self._loose, _fold(other), student.id)
            for other in {_fold(guess) for guess in _guesses(student.name)} | {_without_zeros(student.id)} - {""}:
                _note(self._guessed, other, student.id)

    def find(self, *names: str) -> str | None:
        """The id of the student with the first name that is known; None if none is."""
        for known in (self._exact, self._loose, self._guessed):
            for name in names:
                if found := known.get(_fold(name)):
                    return found
        bare = filter(None, map(_without_zeros, names))
        return next(filter(None, map(self._guessed.get, bare)), None)


def _guesses(name: str) -> Iterator[str]:
    """How a name may be written elsewhere: where the last name begins is not said."""
    words = name.split()
    for at in range(len(words)):
        turned = [*words[at:], *words[:at]]
        yield " ".join(turned)
        yield compact("".join(turned))
        yield f"{' '.join(words[at:])}, {' '.join(words[:at])}"


def _without_zeros(number: str) -> str:
    """A number of three digits or more without the zeros before it, as spreadsheets write it; empty for any other text."""
    bare = number.strip().lstrip("0")
    return bare if len(bare) > 2 and bare.isascii() and bare.isdigit() else ""


def _note(known: dict[str, str | None], name: str, student: str) -> None:
    known[name] = student if known.get(name, student) == student else None


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
