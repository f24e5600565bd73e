"""Read the list of a class's repositories: one on each line, or a table with columns `repository` and `student`."""

import re
from collections import Counter
from pathlib import Path

from grader.classroom.intake.columns import naming
from grader.classroom.intake.sheets import folded, read_sheet
from grader.errors import GraderError
from grader.frozen import frozen
from grader.text import listed, one_line

COLUMNS = ("repository", "repo", "project")
PLACE = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)  # owner/name, or a GitLab project with its groups
ADDRESS = re.compile(r"(https|ssh)://[^\s@/]*@?[^\s/]+/\S+|file:///\S+|/\S+")


@frozen
class Repository:
    """One student's repository. `place` is owner/name on the host, or a whole address; `student` names a folder."""

    place: str
    student: str


def read_repositories(path: Path) -> list[Repository]:
    """The repositories of a list, in its order. GraderError names the line that cannot be used.

    A line that begins with # is a comment. Without a column for the student, the repository's own name is the student's:
    `school/ada` becomes `school__ada`.
    """
    sheet = read_sheet(path, "the list of repositories", comment=b"#")
    rows = [(line, [cell.text.strip() for cell in row]) for line, row in zip(sheet.lines, sheet.rows, strict=True)]
    header = folded(rows[0][1]) if rows else []
    column = next((header.index(name) for name in COLUMNS if name in header), None)
    found = [_repository(path, line, row, *_columns(rows[0][1], column)) for line, row in rows[column is not None :]]
    if not found:
        raise GraderError(f"{path} names no repository; write one a line, such as school/ada")
    if twice := [name for name, count in Counter(one.student.casefold() for one in found).items() if count > 1]:
        raise GraderError(f"{path} names a student twice: {listed(twice)}; a student has one repository")
    return found


def _columns(header: list[str], column: int | None):
    if column is None:
        return 0, None
    others = ["" if n == column else name for n, name in enumerate(header)]
    return column, naming(others)


def _repository(path: Path, line: int, row: list[str], column: int, names_in) -> Repository:
    place = row[column].removesuffix(".git") if column < len(row) else ""
    if not (PLACE.fullmatch(place) and not place.startswith("-") and ".." not in place) and not ADDRESS.fullmatch(
        place
    ):
        raise GraderError(
            f"{path}, line {line}: {one_line(place, 60)!r} is no repository; write owner/name or its address"
        )
    named = names_in([*row, *[""] * len(row)]) if names_in else []
    student = named[0] if named else re.sub(r"^\w+://[^/]*/", "", place).strip("/").replace("/", "__")
    if student in (".", "..") or re.search(r'[/\\\0<>:"|?*]', student) or student.startswith("."):
        raise GraderError(f"{path}, line {line}: {one_line(student, 60)!r} cannot be the name of a folder")
    return Repository(place, student)
