"""Fill points into the gradebook files that Canvas and Moodle export. Every other byte of the file stays as it was."""

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

CANVAS_WHO = (
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Student",
)  # the columns by which Canvas itself finds a student, in this order
MOODLE_WHO = ("ID number", "Email address", "Identifier", "Full name")
GRADE, MAXIMUM = "Grade", "Maximum grade"
TITLE = re.compile(r"(.*?)\s*(?:\(\d+\))?\s*", re.DOTALL)  # `Attention (1234)`: Canvas's own number behind the title


@dataclass(frozen=True)
class Field:
    """A field of a CSV file: its text, and where its bytes (quotes included) start and end."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Filled:
    """The result of filling: how many rows got points, and which students of the class have no row."""

    rows: int
    missing: tuple[str, ...]


def fill_canvas(
    file: Path, points: Mapping[str, tuple[float, int]], students: Sequence[Student], titles: Sequence[str]
) -> Filled:
    """Fill one unit's points into a gradebook exported from Canvas, in the column with one of these titles.

    `points` are (points, maximum) by student; they are scaled if the assignment's Points Possible are different.
    """
    content, rows = _read(file)
    header = [field.text.strip() for field in rows[0]]
    if len(header) < 2 or "Student" not in header[0] or "ID" not in header[1]:
        raise GraderError(
            f"{file} is no gradebook of Canvas: its first two columns must be Student and ID; export it again"
        )
    column = _canvas_column(file, header, titles)
    out_of = [row for row in rows[1:3] if row[0].text.strip().startswith("Points Possible") and column < len(row)]
    possible = out_of[0][column].text if out_of else ""
    body = [row for row in rows[1:] if not row[0].text.strip().startswith("Points Possible")]
    return _fill(file, content, header, body, CANVAS_WHO, points, students, lambda row: (column, possible))


def fill_moodle(file: Path, points: Mapping[str, tuple[float, int]], students: Sequence[Student]) -> Filled:
    """Fill points into an assignment's grading worksheet, scaled to its maximum grade."""
    content, rows = _read(file)
    header = [field.text.strip() for field in rows[0]]
    folded = [name.casefold() for name in header]
    if GRADE.casefold() not in folded or "identifier" not in folded:
        raise GraderError(
            f"{file} is no grading worksheet of Moodle: it needs columns Identifier and Grade; download it in English"
        )
    grade = folded.index(GRADE.casefold())
    most = folded.index(MAXIMUM.casefold()) if MAXIMUM.casefold() in folded else None
    return _fill(
        file, content, header, rows[1:], MOODLE_WHO, points, students,
        lambda row: (grade, row[most].text if most is not None and most < len(row) else ""),
    )  # fmt: skip


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


def _fill(
    file: Path,
    content: bytes,
    header: Sequence[str],
    rows: Sequence[Sequence[Field]],
    who: Sequence[str],
    points: Mapping[str, tuple[float, int]],
    students: Sequence[Student],
    place: Callable[[Sequence[Field]], tuple[int, str]],
) -> Filled:
    """Put each student's points into a field; `place` gives its column and the points possible for a row."""
    known, seen, pieces, at = Names(students), set(), [], 0
    folded = [name.casefold() for name in header]
    columns = [folded.index(name.casefold()) for name in who if name.casefold() in folded]
    for row in rows:
        names = [row[column].text.strip() for column in columns if column < len(row)]
        student = known.find(*filter(None, names))
        column, most = place(row)
        if student not in points or column >= len(row):
            continue
        if student in seen:
            raise GraderError(f"{file} has two rows for {one_line(student, 60)}; nothing was filled in")
        seen.add(student)
        field = row[column]
        pieces += [content[at : field.start], _number(*points[student], most).encode("ascii")]
        at = field.end
    with whole_bytes(file) as filled:
        filled.write(b"".join([*pieces, content[at:]]))
    return Filled(len(seen), tuple(name for name in points if name not in seen))


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
    """The rows of a CSV file as fields with positions. The delimiter is the more frequent of , and ; in the header."""
    start = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    head = content[start:].split(b"\n", 1)[0]
    delimiter = b";" if head.count(b";") > head.count(b",") else b","
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


def _text(field: bytes) -> str:
    text = field.decode("utf-8", "replace")
    return next(csv.reader(io.StringIO(text, newline="")), [""])[0] if text.startswith('"') else text
