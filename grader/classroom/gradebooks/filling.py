"""Fill points into the gradebook files that Canvas and Moodle export. Every other byte of the file stays as it was.

A cell changes only where there is a grade for it. What a person has written there that is no number (EX, N/A, a word)
stays, and numbers are written with the decimal mark of the file.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.gradebooks.exports import whole_bytes
from grader.classroom.intake.roster import Names, Student
from grader.errors import GraderError
from grader.text import one_line

# The columns by which Canvas itself finds a student, in this order
CANVAS_WHO = ("ID", "SIS User ID", "SIS Login ID", "Student")
# Moodle's, in the languages that we know
MOODLE_WHO = (
    "ID number", "ID-Nummer", "Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo",
    "Indirizzo email", "Identifier", "Full name", "Vollständiger Name", "Nom complet", "Nombre completo",
    "Nome completo", "Nome", "Volledige naam",
)  # fmt: skip
FIRST, LAST = "firstname", "lastname"  # columns that an account of Canvas may have instead of Student
# Moodle's words for the columns of a grading worksheet, in the languages that we know
GRADES = ("grade", "bewertung", "note", "calificación", "valutazione", "nota", "cijfer")
MAXIMA = ("maximum grade", "bestwertung", "höchstbewertung", "note maximale", "calificación máxima", "valutazione massima",
          "nota máxima", "maximumcijfer")  # fmt: skip
IDENTIFIERS = ("identifier", "id", "kennung", "identifiant", "identificador", "identificativo")
MAY_CHANGE = "grade can be changed"
TITLE = re.compile(r"(.*?)\s*(?:\(\d+\))?\s*", re.DOTALL)  # `Attention (1234)`: Canvas's own number behind the title
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
BOM = b"\xef\xbb\xbf"
EMPTY = ("", "-", "–")  # Moodle writes a dash where there is no grade yet


@dataclass(frozen=True)
class Field:
    """A field of a CSV file: its text, and where its bytes (quotes included) start and end."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Entry:
    """What is to be entered for a student: points out of a maximum, or that the student is excused; nothing if held."""

    points: float = 0.0
    most: int = 0
    is_excused: bool = False
    is_held: bool = False


@dataclass(frozen=True)
class Filled:
    """What filling did: each a tuple of students. `changed` had another number before, `kept` what a person wrote there;
    both with the old text. `missing` are students of the class who have something to enter and no row."""

    new: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    same: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    excused: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sheet:
    """A gradebook that was read: where it names students, where a row's grade goes, and its maximum as text."""

    file: Path
    content: bytes
    rows: Sequence[Sequence[Field]]
    names: Callable[[Sequence[str]], list[str]]
    place: Callable[[Sequence[Field]], tuple[int, str]]
    excuse: str  # what excuses a student there, empty where nothing does
    is_open: Callable[[Sequence[Field]], bool] = lambda row: True


def fill_canvas(file: Path, entries: Mapping[str, Entry], students: Sequence[Student], titles: Sequence[str]) -> Filled:
    """Fill one unit's points into a gradebook exported from Canvas, in the column with one of these titles.

    They are scaled if the assignment's Points Possible are different.
    """
    content, rows = _read(file)
    header = [field.text.strip() for field in rows[0]]
    folded = [name.casefold() for name in header]
    named = "student" in folded[0] or {FIRST, LAST} <= set(folded)
    if len(header) < 2 or not named or "id" not in folded:
        raise GraderError(
            f"{file} is no gradebook of Canvas: its first columns must be Student (or LastName, FirstName) and ID; "
            "export it again"
        )
    column = _canvas_column(file, header, titles)
    out_of = [row for row in rows[1:4] if _is_maximum(row) and column < len(row)]
    possible = out_of[0][column].text.strip() if out_of else ""
    if possible == "(read only)":
        raise GraderError(f"{file}: Canvas takes no grades in the column {one_line(header[column], 60)}; name another")
    body = [row for row in rows[1:] if not _is_maximum(row)]
    sheet = _Sheet(file, content, body, _who(folded, CANVAS_WHO), lambda row: (column, possible), "EX")
    return _fill(sheet, entries, students, _mark(content, rows))


def fill_moodle(file: Path, entries: Mapping[str, Entry], students: Sequence[Student], title: str = "") -> Filled:
    """Fill points into an assignment's grading worksheet, scaled to its maximum grade.

    `title` is the header of the column for the grade, where the worksheet is in a language that we do not know.
    """
    content, rows = _read(file)
    header = [field.text.strip() for field in rows[0]]
    folded = [name.casefold() for name in header]
    grade = next((folded.index(name) for name in (title.casefold(), *GRADES) if name in folded), None)
    if grade is None or folded[0] not in IDENTIFIERS:
        raise GraderError(
            f"{file} is no grading worksheet of Moodle: it needs columns Identifier and Grade; download it in English, or "
            "name the column with --column UNIT=HEADER"
        )
    most = next((folded.index(name) for name in MAXIMA if name in folded), None)
    may = folded.index(MAY_CHANGE) if MAY_CHANGE in folded else None
    by = _who(folded, MOODLE_WHO)
    sheet = _Sheet(
        file,
        content,
        rows[1:],
        lambda row: [*by(row), *_participant(row[0])],
        lambda row: (grade, row[most].text if most is not None and most < len(row) else ""),
        "",
        lambda row: may is None or may >= len(row) or row[may].text.strip().casefold() != "no",
    )
    return _fill(sheet, entries, students, _mark(content, rows))


def _is_maximum(row: Sequence[Field]) -> bool:
    return row[0].text.strip().startswith("Points Possible")


def _participant(identifier: str) -> list[str]:
    """The participant's number as downloads name it, from `Participant 12` in any language."""
    number = re.search(r"(\d+)$", identifier)
    return [f"Participant {number[1]}"] if number else []


def _who(folded: Sequence[str], columns: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    """A function from a row's texts to the names by which it calls its student, best first."""
    at = [folded.index(name.casefold()) for name in columns if name.casefold() in folded]
    full = [folded.index(name) for name in (FIRST, LAST)] if {FIRST, LAST} <= set(folded) else []

    def names(row: Sequence[str]) -> list[str]:
        found = [row[column] for column in at if column < len(row)]
        return [*filter(None, found), *([" ".join(row[column] for column in full)] if full else [])]

    return names


def _canvas_column(file: Path, header: Sequence[str], titles: Sequence[str]) -> int:
    wanted = {title.casefold() for title in titles}
    exact = [at for at, name in enumerate(header) if name.casefold() in wanted]
    found = exact or [at for at, name in enumerate(header) if TITLE.fullmatch(name)[1].casefold() in wanted]
    if len(found) != 1:
        many = "several columns" if found else "no column"
        names = ", ".join(one_line(name, 60) for name in header[4:]) or "none"
        raise GraderError(
            f"{file} has {many} called {' or '.join(titles)}; name it with --column UNIT=HEADER, or leave the unit out with --unit; there is {names}"
        )
    return found[0]


def _fill(sheet: _Sheet, entries: Mapping[str, Entry], students: Sequence[Student], mark: str) -> Filled:
    """Put each student's entry into a field, with a decimal mark; the file is written once, when all is known."""
    known, done, pieces, at = Names(students), {}, [], 0
    found: dict[str, list] = {name: [] for name in ("new", "changed", "same", "kept", "excused", "held")}
    for row in sheet.rows:
        student = known.find(*sheet.names([field.text.strip() for field in row]))
        column, most = sheet.place(row)
        if student not in entries or column >= len(row):
            continue
        if student in done:
            raise GraderError(f"{sheet.file} has two rows for {one_line(student, 60)}; nothing was filled in")
        done[student], field = True, row[column]
        kind, text = _decided(entries[student], field.text.strip(), most, sheet, sheet.is_open(row), mark)
        found[kind].append((student, field.text.strip()) if kind in ("changed", "kept") else student)
        if text:
            pieces += [sheet.content[at : field.start], text.encode("ascii")]
            at = field.end
    with whole_bytes(sheet.file) as filled:
        filled.write(b"".join([*pieces, sheet.content[at:]]))
    missing = tuple(name for name in entries if name not in done and not entries[name].is_held)
    return Filled(**{kind: tuple(those) for kind, those in found.items()}, missing=missing)


def _decided(entry: Entry, old: str, most: str, sheet: _Sheet, is_open: bool, mark: str) -> tuple[str, str]:
    """(what happens to a cell, its new text or empty if it stays as it is)."""
    if entry.is_held:
        return "held", ""
    if entry.is_excused and old and old.upper() == sheet.excuse:
        return "same", ""
    if old not in EMPTY and not NUMBER.fullmatch(old):
        return "kept", ""
    if entry.is_excused:
        return "excused", sheet.excuse
    if not is_open:
        return "kept", ""
    text = _number(entry.points, entry.most, most)
    if old in EMPTY:
        kind = "new"
    elif float(old.replace(",", ".")) == float(text):
        return "same", ""
    else:
        kind = "changed"
    text = text.replace(".", mark)
    return kind, f'"{text}"' if mark in text and mark.encode() == _delimiter(sheet.content) else text


def _mark(content: bytes, rows: Sequence[Sequence[Field]]) -> str:
    """The decimal mark of a file's numbers; without any, a comma where semicolons part the fields."""
    numbers = [field.text.strip() for row in rows[1:] for field in row if NUMBER.fullmatch(field.text.strip())]
    commas, points = sum("," in text for text in numbers), sum("." in text for text in numbers)
    if commas == points:
        return "," if _delimiter(content) == b";" else "."
    return "," if commas > points else "."


def _number(points: float, most: int, possible: str) -> str:
    """Points scaled to the gradebook's maximum, with two decimals like Canvas."""
    try:
        out_of = float(possible.replace(",", "."))
    except ValueError:
        out_of = 0.0
    scaled = points * out_of / most if out_of > 0 and most else float(points)
    return f"{scaled:.2f}".rstrip("0").rstrip(".")


def _read(file: Path) -> tuple[bytes, list[list[Field]]]:
    """A CSV file's bytes, and its rows."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise GraderError(f"cannot read {file}: {error.strerror}") from None
    rows = [row for row in _rows(content) if any(field.text for field in row)]
    if not rows:
        raise GraderError(f"{file} is empty; export it again")
    return content, rows


def _rows(content: bytes) -> Iterator[list[Field]]:
    """The rows of a CSV file as fields with positions."""
    start = 3 if content.startswith(BOM) else 0
    delimiter = _delimiter(content)
    pattern = re.compile(rb'("(?:[^"]|"")*"|[^"\r\n%s][^\r\n%s]*|)(%s|\r\n|\n|\r|\Z)' % ((delimiter,) * 3), re.DOTALL)
    row: list[Field] = []
    at = start
    while at < len(content) or row:
        match = pattern.match(content, at)
        if match is None:
            raise GraderError(f"the CSV file is damaged at byte {at}: a quote does not end; export it again")
        row.append(Field(_text(match[1]), match.start(1), match.end(1)))
        at = match.end()
        if match[2] != delimiter:
            yield row
            row = []


def _delimiter(content: bytes) -> bytes:
    """The most frequent of , ; and tab in the first line."""
    return max((b",", b";", b"\t"), key=content.split(b"\n", 1)[0].count)


def _text(field: bytes) -> str:
    text = field.decode("utf-8", "replace")
    return next(csv.reader(io.StringIO(text, newline="")), [""])[0] if text.startswith('"') else text
