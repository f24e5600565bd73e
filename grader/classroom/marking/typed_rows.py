"""The rows of a table that a person typed or a platform exported: times of hand-ins, decisions."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.classroom.intake.roster import IDS, table
from grader.errors import GraderError
from grader.text import one_line

Row = tuple[int, list[str]]  # the line's number, and as many cells as the header has


def rows_of(path: Path, what: str) -> tuple[list[str], Iterator[Row]]:
    """The header in lower case, and the rows below it that are not empty. GraderError if it is no table in UTF-8."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise GraderError(f"cannot read the {what} {path}: {reason}") from None
    try:
        first, *rows = [*table(text)] or [[]]
    except csv.Error as error:
        raise GraderError(f"the {what} {path} are no CSV file ({error})") from None
    header = [cell.strip().casefold() for cell in first]
    filled = ((number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 2) if any(row))
    return header, ((number, row + [""] * (len(header) - len(row))) for number, row in filled)


def columns_of_students(header: Sequence[str]) -> list[int]:
    """Where a table names its students."""
    return [at for at, name in enumerate(header) if name in IDS]


def shown_name(row: Sequence[str], columns: Sequence[int]) -> str:
    """How a row names its student, for a message."""
    return one_line(next((row[at] for at in columns if row[at]), "?"), 60)
