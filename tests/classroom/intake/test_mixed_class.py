"""A class in each platform's download, all oddities mixed: every record and note is the one that was worked out by hand."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TOY
from mixed_class import DEEDS, PLATFORMS, Made, made

from grader.classroom.intake.intake import Intake, Units, take
from grader.classroom.intake.roster import read_roster

UNITS = Units({"toy": ["scale", "row_sums", "mean_and_spread"], "words": ["shout", "count"]})
GRADE = str(Path(sys.executable).with_name("grade"))


def taken(folder: Path, name: str, count: int) -> tuple[Intake, dict]:
    one, scratch = made(name, count, folder), folder / "scratch"
    scratch.mkdir()
    return take(one.download, UNITS, scratch, read_roster(one.roster), ("toy",)), one.expected


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_student_has_the_one_record_that_is_due(tmp_path, name):
    found, expected = taken(tmp_path, name, 2 * len(DEEDS))
    assert {one.student: one.outcome for one in found.hand_ins} == {who: one.outcome for who, one in expected.items()}
    for one in found.hand_ins:
        due = expected[one.student]
        assert [words for words in due.note if words not in one.note] == [], one
        assert due.note or not one.note, one
        if due.outcome == "graded":
            assert (b"axis=1" in one.read().source) == (due.points == 10), one
    assert found.strays == sorted(PLATFORMS[name].beside)
    assert len(found.strangers) == 2


BOOKS = {  # of an export that is filled: its separator, the columns of the id and of the grade
    "canvas": (",", "SIS User ID", "Toy (77)"),
    "moodle": (";", "ID number", "Grade"),
}


def read_book(name: str, book: Path) -> dict[str, str]:
    """The cells of a gradebook's column, by student."""
    separator, who, grade = BOOKS[name]
    rows = csv.DictReader(book.read_text(encoding="utf-8-sig").splitlines(), delimiter=separator)
    return {row[who]: row[grade] for row in rows if row[who]}


def gradebook(name: str, one: Made, book: Path) -> tuple[Path, dict[str, str]]:
    """A gradebook in which somebody has written EX for every ninth student, and its cells as they must be in the end."""
    text = one.roster.read_bytes().decode("utf-8-sig")
    cells = {
        who: "" if one.expected[who].points is None else str(one.expected[who].points)
        for who in read_book(name, one.roster)
    }
    for who in [*cells][::9]:
        old = (
            f"{who},user{int(who[1:]) - 5000},A,,"
            if name == "canvas"
            else f"{who};user{int(who[1:]) - 5000}@x.edu;Submitted;;"
        )
        assert old in text
        text, cells[who] = text.replace(old, f"{old[:-1]}EX{old[-1]}"), "EX"
    book.write_bytes(text.encode())
    return book, cells


@pytest.mark.weekly
@pytest.mark.parametrize("name", PLATFORMS)
def test_a_class_of_300_is_marked_as_worked_out_and_a_second_run_changes_nothing(tmp_path, name):
    one, course = made(name, 300, tmp_path), shutil.copytree(TOY, tmp_path / "course")
    (course / "solutions" / "course.toml").write_text('units = ["toy", "words"]\n')
    words = [
        GRADE,
        "class",
        one.download,
        "--roster",
        one.roster,
        "--unit",
        "toy",
        "--course",
        course,
        "--csv",
        "points.csv",
    ]
    book, cells = gradebook(name, one, tmp_path / "book.csv") if name in BOOKS else (None, {})
    words += [f"--{name}", book] if book else []
    tables, books = [], []
    for _ in range(2):
        done = subprocess.run(list(map(str, words)), cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1, done.stderr  # some could not be read
        tables.append((tmp_path / "points.csv").read_bytes())
        books.append(read_book(name, book) if book else {})
    assert tables[0] == tables[1]
    assert books[0] == books[1] == cells
    rows = {row["student"]: row for row in csv.DictReader(tables[0].decode().splitlines())}
    assert {who: (row["outcome"], row["points"]) for who, row in rows.items()} == {
        who: (due.outcome, "" if due.points is None else str(due.points)) for who, due in one.expected.items()
    }
    for who, due in one.expected.items():
        assert [part for part in due.note if part not in rows[who]["note"]] == [], who
        assert due.note or not rows[who]["note"], who
