"""Fill points into the gradebook files that Canvas and Moodle export. Every other byte of the file stays as it was.

A cell changes only where there is a grade for it. What a person has written there that is no number (EX, N/A, a word)
stays, and numbers are written with the decimal mark of the file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from grader.classroom.gradebooks.exports import whole_bytes
from grader.classroom.intake.columns import FIRST, LAST, meaning, naming
from grader.classroom.intake.roster import Names, Student
from grader.classroom.intake.sheets import Cell, Sheet, read_sheet
from grader.errors import GraderError
from grader.frozen import frozen
from grader.text import one_line

# Moodle's words for the columns of a grading worksheet, in the languages that we know
GRADES = ("grade", "bewertung", "note", "calificación", "valutazione", "nota", "cijfer")
MAXIMA = ("maximum grade", "bestwertung", "höchstbewertung", "note maximale", "calificación máxima", "valutazione massima",
          "nota máxima", "maximumcijfer")  # fmt: skip
IDENTIFIERS = ("identifier", "id", "kennung")
MAY_CHANGE = "grade can be changed"
TITLE = re.compile(r"(.*?)\s*(?:\(\d+\))?\s*", re.DOTALL)  # `Attention (1234)`: Canvas's own number behind the title
EMPTY = ("", "-", "–")  # Moodle writes a dash where there is no grade yet


@frozen
class Entry:
    """What is to be entered for a student: points out of a maximum, or that the student is excused; nothing if held."""

    points: float = 0.0
    most: int = 0
    is_excused: bool = False
    is_held: bool = False


@frozen
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


@frozen
class _Book:
    """A gradebook: its table, the rows of students, where a row names its student, where its grade goes and out of what."""

    file: Path
    sheet: Sheet
    rows: Sequence[Sequence[Cell]]
    names: Callable[[Sequence[str]], list[str]]
    place: Callable[[Sequence[Cell]], tuple[int, str]]
    excuse: str  # what excuses a student there, empty where nothing does
    is_open: Callable[[Sequence[Cell]], bool] = lambda row: True


def fill_canvas(file: Path, entries: Mapping[str, Entry], students: Sequence[Student], titles: Sequence[str]) -> Filled:
    """Fill one unit's points into a gradebook exported from Canvas, in the column with one of these titles.

    They are scaled if the assignment's Points Possible are different.
    """
    sheet = _read(file)
    header, meanings = sheet.header, [meaning(name) for name in sheet.header]
    named = "student" in meanings[0] or ({*FIRST} & {*meanings} and {*LAST} & {*meanings})
    if len(header) < 2 or not named or "id" not in meanings:
        raise GraderError(
            f"{file} is no gradebook of Canvas: its first columns must be Student (or LastName, FirstName) and ID; "
            "export it again"
        )
    column = _canvas_column(file, header, titles)
    out_of = [row for row in sheet.rows[1:4] if _is_maximum(row) and column < len(row)]
    possible = out_of[0][column].text.strip() if out_of else ""
    if possible == "(read only)":
        raise GraderError(f"{file}: Canvas takes no grades in the column {one_line(header[column], 60)}; name another")
    body = [row for row in sheet.rows[1:] if not _is_maximum(row)]
    book = _Book(file, sheet, body, naming(header), lambda row: (column, possible), "EX")
    return _fill(book, entries, students)


def fill_moodle(file: Path, entries: Mapping[str, Entry], students: Sequence[Student], title: str = "") -> Filled:
    """Fill points into an assignment's grading worksheet, scaled to its maximum grade.

    `title` is the header of the column for the grade, where the worksheet is in a language that we do not know.
    """
    sheet = _read(file)
    folded, meanings = [name.casefold() for name in sheet.header], [meaning(name) for name in sheet.header]
    grade = next((folded.index(name) for name in (title.casefold(), *GRADES) if name in folded), None)
    if grade is None or meanings[0] not in IDENTIFIERS:
        raise GraderError(
            f"{file} is no grading worksheet of Moodle: it needs columns Identifier and Grade; download it in English, or "
            "name the column with --column UNIT=HEADER"
        )
    most = next((folded.index(name) for name in MAXIMA if name in folded), None)
    may = folded.index(MAY_CHANGE) if MAY_CHANGE in folded else None
    by = naming(sheet.header) or (lambda row: [])  # `Kennung` is no column of rosters
    book = _Book(
        file,
        sheet,
        sheet.rows[1:],
        lambda row: [*by(row), *_participant(row[0])],
        lambda row: (grade, row[most].text if most is not None and most < len(row) else ""),
        "",
        lambda row: may is None or may >= len(row) or row[may].text.strip().casefold() != "no",
    )
    return _fill(book, entries, students)


def _read(file: Path) -> Sheet:
    sheet = read_sheet(file, "the gradebook")
    if not sheet.rows:
        raise GraderError(f"{file} is empty; export it again")
    return sheet


def _is_maximum(row: Sequence[Cell]) -> bool:
    return row[0].text.strip().startswith("Points Possible")


def _participant(identifier: str) -> list[str]:
    """The participant's number as downloads name it, from `Participant 12` in any language."""
    found = re.search(r"(\d+)$", identifier)
    return [f"Participant {found[1]}"] if found else []


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


def _fill(book: _Book, entries: Mapping[str, Entry], students: Sequence[Student]) -> Filled:
    """Put each student's entry into a cell; the file is written once, when all is known."""
    known, done, cells = Names(students), set(), {}
    found: dict[str, list] = {name: [] for name in ("new", "changed", "same", "kept", "excused", "held")}
    for row in book.rows:
        student = known.find(*book.names([cell.text.strip() for cell in row]))
        column, most = book.place(row)
        if student not in entries or column >= len(row):
            continue
        if student in done:
            raise GraderError(f"{book.file} has two rows for {one_line(student, 60)}; nothing was filled in")
        done.add(student)
        old = row[column].text.strip()
        kind, text = _decided(entries[student], old, most, book, book.is_open(row))
        found[kind].append((student, old) if kind in ("changed", "kept") else student)
        if text:
            cells[row[column]] = text
    with whole_bytes(book.file) as filled:
        filled.write(book.sheet.changed(cells))
    missing = tuple(name for name in entries if name not in done and not entries[name].is_held)
    return Filled(**{kind: tuple(those) for kind, those in found.items()}, missing=missing)


def _decided(entry: Entry, old: str, most: str, book: _Book, is_open: bool) -> tuple[str, str]:
    """(what happens to a cell, its new text or empty if it stays as it is)."""
    if entry.is_held:
        return "held", ""
    if entry.is_excused and old and old.upper() == book.excuse:
        return "same", ""
    if old not in EMPTY and book.sheet.number(old) is None:
        return "kept", ""
    if entry.is_excused:
        return "excused", book.excuse
    if not is_open:
        return "kept", ""
    text = scaled(entry.points, entry.most, book.sheet.number(most) or 0.0)
    if old not in EMPTY and book.sheet.number(old) == float(text):
        return "same", ""
    kind = "new" if old in EMPTY else "changed"
    return kind, text.replace(".", "," if book.sheet.has_decimal_commas else ".")


def scaled(points: float, most: int, out_of: float) -> str:
    """Points scaled to the gradebook's maximum where it has one, with two decimals like Canvas."""
    scaled = points * out_of / most if out_of > 0 and most else float(points)
    return f"{scaled:.2f}".rstrip("0").rstrip(".")
