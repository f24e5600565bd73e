"""The rows of a table that a person typed or a platform exported: times of hand-ins, decisions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.classroom.intake.sheets import read_sheet
from grader.text import one_line

Row = tuple[int, list[str]]  # the line's number, and as many cells as the header has


def rows_of(path: Path, what: str) -> tuple[list[str], Iterator[Row]]:
    """The header in lower case, and the rows below it that are not empty. GraderError if it is no table."""
    sheet = read_sheet(path, f"the {what}")
    header = [name.casefold() for name in sheet.header]
    texts = ([cell.text.strip() for cell in row] for row in sheet.rows[1:])
    filled = ((number, row) for number, row in zip(sheet.lines[1:], texts, strict=True) if any(row))
    return header, ((number, row + [""] * (len(header) - len(row))) for number, row in filled)


def shown_name(names: Sequence[str]) -> str:
    """How a row names its student, for a message."""
    return one_line(next(iter(names), "?"), 60)
