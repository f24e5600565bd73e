"""A class run knows when it was handed in, and what the late policy takes off, beside the points and never in them."""

import csv
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import warm
from conftest import RIGHT, weekly
from test_intake import METADATA

from grader.classroom.intake.gradescope_list import moment_of, moments
from grader.classroom.intake.nbbook import opened
from grader.classroom.intake.roster import Student
from grader.classroom.marking.lateness import Lateness, known, note, read_times
from grader.classroom.marking.store import Store
from grader.course.settings_file import parse
from grader.errors import GraderError
from grader.record import Outcome, Record

SETTINGS = (
    "units = ['toy']\n[due]\ntoy = 2026-11-20T12:00:00+01:00\n[late]\npenalty = 10\ndays = 3\ngrace_minutes = 15\n"
)
TIMES = """student,time
ada,2026-11-20T12:15:00+01:00
ben,2026-11-20 11:15:01
cem,2026-11-19T00:00:00Z
cem,2026-11-21 11:30:00 UTC
dil,2026-11-24T11:00:00Z
eve,
zoe,2026-11-20
"""
LOST = {"ada": 0, "ben": 1.0, "cem": 2.0, "dil": 10, "eve": 0}  # of 10 points


@pytest.fixture
def class_of_five(toy_course, tmp_path) -> Path:
    (toy_course / "solutions" / "course.toml").write_text(SETTINGS)
    for name in LOST:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "toy.py").write_text(RIGHT)
    (tmp_path / "times.csv").write_text(TIMES)
    return tmp_path


def grade(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return warm.run(warm.GRADE, ["class", *arguments, "--course", "course", "--jobs", "1"], folder)


def rows(file: Path) -> dict[str, dict[str, str]]:
    with open(file, newline="") as table:
        return {row["student"]: row for row in csv.DictReader(table)}


def test_penalties_stand_beside_the_points_in_all_that_is_written(class_of_five, tmp_path):
    marking = ["in", "--times", "times.csv", "--seed", "5", "--isolation", "process"]
    done = grade(tmp_path, *marking, "--csv", "p.csv", "--jsonl", "p.jsonl", "--feedback", "pages")
    assert done.returncode == 0, done.stderr
    assert "times.csv has times of nobody here: zoe\n" in done.stderr
    assert "3 handed in late; that takes 13 points off" in done.stderr
    found = rows(tmp_path / "p.csv")
    assert {who: float(row["late_penalty"]) for who, row in found.items()} == LOST
    assert {row["points"] for row in found.values()} == {"10"}
    assert {who: float(row["points_left"]) for who, row in found.items()} == {
        who: 10 - lost for who, lost in LOST.items()
    }
    assert found["cem"]["handed_in"] == "2026-11-21T11:30:00+00:00"  # of two the later
    assert found["eve"]["handed_in"] == ""
    told = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert {one["student"]: (one["points"], one["late_penalty"]) for one in told} == {
        who: (10, lost) for who, lost in LOST.items()
    }
    (page,) = (tmp_path / "pages").glob("ben-*.html")
    assert "late: that takes 1 points off" in page.read_text()
    (page,) = (tmp_path / "pages").glob("ada-*.html")
    assert "Handed in 2026-11-20T12:15:00+01:00." in page.read_text()
    (tmp_path / "canvas.csv").write_text("Student,ID,toy\nAda,ada,\nBen,ben,\n")
    done = grade(tmp_path, "--canvas", "canvas.csv")
    assert "Late penalties are taken off, 3 of them; --csv shows points and penalties.\n" in done.stderr
    assert (tmp_path / "canvas.csv").read_text() == "Student,ID,toy\nAda,ada,10\nBen,ben,9\n"


def test_times_can_come_later_and_another_due_date_counts_from_the_next_run_on(class_of_five, tmp_path):
    assert grade(tmp_path, "in", "--seed", "5", "--isolation", "process", "--csv", "p.csv").returncode == 0
    assert {row["late_penalty"] for row in rows(tmp_path / "p.csv").values()} == {"0"}
    assert grade(tmp_path, "--times", "times.csv", "--csv", "p.csv").returncode == 0
    assert rows(tmp_path / "p.csv")["ben"]["late_penalty"] == "1"
    listing = tmp_path / "course" / "solutions" / "course.toml"
    listing.write_text(SETTINGS.replace("2026-11-20", "2026-11-21"))
    done = grade(tmp_path, "in", "--isolation", "process", "--csv", "p.csv")
    assert "0 to mark" in done.stderr  # no answer is graded again for it
    assert {who: row["late_penalty"] for who, row in rows(tmp_path / "p.csv").items()} == {
        "ada": "0", "ben": "0", "cem": "1", "dil": "3", "eve": "0",
    }  # fmt: skip


@pytest.mark.parametrize("kind", [weekly("sqlite"), "postgres"])
def test_nbgraders_gradebook_gets_time_and_penalty_too(class_of_five, tmp_path, kind, request):
    """By its file, or by a URL without a driver's name, as PostgreSQL's own tools take it; a second time changes nothing."""
    pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    address = str(tmp_path / "gradebook.db")
    if kind == "postgres":
        import psycopg

        server = request.getfixturevalue("postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE of_a_class")
        address = f"{server.rpartition('/')[0]}/of_a_class"
    marking = ["in", "--times", "times.csv", "--seed", "5", "--isolation", "process"]
    for _ in range(2):
        done = grade(tmp_path, *marking, "--nbgrader", address)
        assert done.returncode == 0, done.stderr
    with opened(address) as book:
        found = {item.student.id: item for item in book.assignment_submissions("toy")}
        assert {who: (item.score, item.late_submission_penalty) for who, item in found.items()} == {
            who: (10, lost) for who, lost in LOST.items()
        }
        assert str(found["ada"].timestamp) == "2026-11-20 11:15:00"


def test_a_gradebook_that_does_not_answer_loses_no_grade(class_of_five, tmp_path):
    pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    url = "postgresql://ada:hush@127.0.0.1:1/grades"
    done = grade(tmp_path, "in", "--seed", "5", "--isolation", "process", "--nbgrader", url)
    assert done.returncode == 2
    assert "Error: the gradebook postgresql+psycopg://ada:***@127.0.0.1:1/grades cannot be used (" in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr
    assert grade(tmp_path, "--csv", "p.csv").returncode == 0
    assert len(rows(tmp_path / "p.csv")) == 5


def test_a_unit_without_a_due_date_makes_nobody_late(class_of_five, tmp_path):
    (tmp_path / "course" / "solutions" / "course.toml").write_text("units = ['toy']\n[late]\npenalty = 10\n")
    done = grade(tmp_path, "in", "--times", "times.csv", "--seed", "5", "--isolation", "process", "--csv", "p.csv")
    assert "course.toml has no due date for toy, so nobody is late with it.\n" in done.stderr
    assert {row["late_penalty"] for row in rows(tmp_path / "p.csv").values()} == {"0"}
    assert rows(tmp_path / "p.csv")["ben"]["handed_in"] == "2026-11-20T11:15:01+00:00"


def test_gradescopes_list_has_the_times(class_of_five, tmp_path):
    export = tmp_path / "in2" / "assignment_7_export"
    for number, text in (("1001", RIGHT), ("1002", RIGHT)):
        (export / f"submission_{number}").mkdir(parents=True)
        (export / f"submission_{number}" / "toy.py").write_text(text)
    list_of = METADATA.replace("10:00:00.000000000 Z", "03:15:01.000000000 -08:00")
    (export / "submission_metadata.yml").write_text(list_of)
    done = grade(tmp_path, "in2", "--seed", "5", "--isolation", "process", "--csv", "p.csv")
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "p.csv")
    assert found["0042"]["late_penalty"] == found["bob@x.edu"]["late_penalty"] == "1"  # a group of two
    assert (found["0043"]["handed_in"], found["0043"]["late_penalty"]) == ("", "0")


def test_a_submissions_time_is_not_its_historys():
    text = METADATA + "  :history:\n  - :id: 3\n    :created_at: 2020-01-01 00:00:00.000000000 Z\n"
    assert moments(text) == {"submission_1001": datetime(2026, 11, 20, 10, tzinfo=UTC)}


@pytest.mark.parametrize(
    "text", ["2026-11-20 10:00:00", "2026-11-20T11:00+01:00", "2026-11-20 10:00 UTC", "2026-11-20T10Z"]
)
def test_times_are_iso_and_utc_unless_they_say_otherwise(text):
    assert moment_of(text) == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "20/11/2026 10:00", "2026-13-01", "1763632800"])
def test_what_is_no_time_is_none(text):
    assert moment_of(text) is None


@pytest.mark.parametrize(
    ("table", "units", "words"),
    [
        (
            "student,when\nada,2026-11-20\n",
            ["toy"],
            "needs a column that names a student, such as student, and one called time",
        ),
        ("who,time\nada,2026-11-20\n", ["toy"], "needs a column that names a student"),
        ("", ["toy"], "needs a column that names a student"),
        ("student,time\nada,2026-11-20\n", ["toy", "words"], "needs a column unit, as there are several: toy, words"),
        ("student,time\nada,=1+1\n", ["toy"], "line 2: '=1+1' is no time; write it as 2026-11-20T23:59:00+01:00"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path, table, units, words):
    (tmp_path / "t.csv").write_text(table)
    with pytest.raises(GraderError) as error:
        read_times(tmp_path / "t.csv", units, [Student("ada")])
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_column_says_the_unit_and_other_units_are_left_alone(tmp_path):
    (tmp_path / "t.csv").write_text("Name;Unit;Time\nADA;toy;2026-11-20\nada;words;2026-11-21\nada;other;2026-11-22\n")
    times, strangers = read_times(tmp_path / "t.csv", ["toy", "words"], [Student("a1", ("Ada",))])
    assert {unit: {who: at.day for who, at in those.items()} for unit, those in times.items()} == {
        "toy": {"a1": 20},
        "words": {"a1": 21},
    }
    assert strangers == []


def test_a_run_with_one_unit_forgets_nothing_of_another(tmp_path):
    both = parse("units = ['toy', 'words']\n[due]\ntoy = 2026-11-20\nwords = 2026-11-21\n[late]\npenalty = 10")
    at = datetime(2026, 11, 23, tzinfo=UTC)
    with Store(str(tmp_path / "class.db")) as store:
        note(store, both, {"toy": {"ada": at}, "words": {"ada": at}})
        before = known(store)
        note(store, both.of(("toy",)), {"toy": {"ben": at}})
        after = known(store)
    assert after.due == before.due
    assert after.times == before.times | {"toy": {"ada": at, "ben": at}}


def test_who_has_no_report_loses_nothing():
    at = datetime(2026, 11, 30, tzinfo=UTC)
    settings = parse(SETTINGS)
    lateness = Lateness({"toy": {"ada": at}}, settings.due, settings.late)
    assert lateness.on(Record("ada", "toy", Outcome.UNREADABLE, 10)).penalty == 0
    assert lateness.on(Record("ben", "toy", Outcome.ABSENT, 10)).handed_in == ""
