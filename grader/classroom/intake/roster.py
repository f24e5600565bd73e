"""A class's roster: a CSV file, one student per row, from Canvas, Moodle, Gradescope, GitHub or typed by a teacher."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.intake.archives import as_text
from grader.errors import GraderError

# Columns that identify a student, best first: the first one with a unique value in every row becomes the student's id.
IDS = (
    "student_id", "student id", "identifier", "id number", "sid", "sis user id", "username", "user name", "login",
    "sis login id", "login id", "github_username", "id", "email", "email address", "e-mail", "student", "name",
    "full name", "student name",
)  # fmt: skip
NAMES = ("student", "name", "full name", "student name")
FIRST, LAST = ("first name", "first_name", "firstname"), ("last name", "last_name", "lastname", "surname")
NOBODY = {"points possible", "student, test"}  # rows that Canvas adds


@dataclass(frozen=True)
class Student:
    """`id` is the student's name in records, `others` are other names in downloads and gradebooks."""

    id: str
    others: tuple[str, ...] = ()


def read_roster(path: Path) -> list[Student]:
    """Read the students of a CSV file, in its order; GraderError if a column is missing."""
    text = _text(path)
    try:
        rows = [row for row in table(text) if any(map(str.strip, row))]
    except csv.Error as error:
        raise GraderError(f"the roster {path} cannot be read as a table ({error}); export it again") from None
    if not rows:
        raise GraderError(f"the roster {path} is empty")
    header = [_fold(cell) for cell in rows[0]]
    if not {*header} & {*IDS, *FIRST, *LAST}:
        if max(map(len, rows)) > 1:
            known = ", ".join(IDS[:4])
            raise GraderError(f"the roster {path} has no column that names a student, such as {known}, email or name")
        header, rows = ["student_id"], [["student_id"], *rows]  # a plain list
    people = [dict(zip(header, map(str.strip, row), strict=False)) for row in rows[1:]]
    people = [person for person in people if _fold(next(iter(person.values()))) not in NOBODY]
    column = next((name for name in IDS if _names_each_once(people, name)), None)
    if column is None and _names_each_once([{"": _full_name(person)} for person in people], ""):
        return [Student(_full_name(person), tuple(_others(person))) for person in people]
    if column is None:
        raise GraderError(f"the roster {path} names a student twice, or not at all, in every column; mend it")
    return [Student(person[column], tuple(_others(person))) for person in people]


def _text(path: Path) -> str:
    try:
        return as_text(Path(path).read_bytes().decode("utf-8-sig", "surrogateescape"))
    except OSError as error:
        raise GraderError(f"cannot read the roster {path}: {error.strerror}") from None


def table(text: str) -> Iterator[list[str]]:
    """The rows of a CSV text with any line ends; csv.Error if it is not CSV."""
    return csv.reader(io.StringIO(text, newline=None), delimiter=delimiter(text))


def delimiter(text: str) -> str:
    """The delimiter of a table: the most frequent of , ; and tab in its first line."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _names_each_once(people: list[dict[str, str]], column: str) -> bool:
    values = [_fold(person.get(column, "")) for person in people]
    return bool(values) and all(values) and len({*values}) == len(values)


def _full_name(person: dict[str, str]) -> str:
    first, last = (next((person[name] for name in names if person.get(name)), "") for names in (FIRST, LAST))
    return " ".join(filter(None, [first, last]))


def _others(person: dict[str, str]) -> Iterator[str]:
    """Other names of a student: ids, the name in both orders, and the form that Canvas uses in file names."""
    yield from filter(None, (person.get(name, "") for name in IDS))
    if full := _full_name(person):
        yield full
        yield compact(" ".join(next((person[n] for n in names if person.get(n)), "") for names in (LAST, FIRST)))
    for name in filter(None, (person.get(column, "") for column in NAMES)):
        last, comma, first = name.partition(",")
        if comma:
            yield f"{first.strip()} {last.strip()}"
            yield compact(last + first)
        else:
            first, _, last = name.rpartition(" ")
            yield compact(last + first)


def compact(name: str) -> str:
    """A name as Canvas puts it in front of a file name: lower case, only letters and digits."""
    return "".join(filter(str.isalnum, name)).lower()


class Names:
    """Finds students by any of their names; a name that two students share finds neither."""

    def __init__(self, students: Iterable[Student]):
        self._exact: dict[str, str | None] = {}
        self._loose: dict[str, str | None] = {}
        for student in students:
            _note(self._exact, _fold(student.id), student.id)
            for other in student.others:
                _note(self._loose, _fold(other), student.id)

    def find(self, *names: str) -> str | None:
        """The id of the student with the first name that is known; None if none is."""
        for known in (self._exact, self._loose):
            for name in names:
                if found := known.get(_fold(name)):
                    return found
        return None


def _note(known: dict[str, str | None], name: str, student: str) -> None:
    known[name] = student if known.get(name, student) == student else None


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
