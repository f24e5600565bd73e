"""What people decided is on the pages, and what is held back is not; feedback goes back to where it came from."""

import zipfile
from dataclasses import replace

import pytest

from grader.classroom.reading import class_page, feedback, feedback_archive
from grader.classroom.reading.looks import needs_a_look
from grader.classroom.reading.statistics import totals
from grader.errors import GraderError
from grader.record import Decision, Kind, Outcome, Record
from grader.render.html import STYLE, fragment

SOURCE = "def scale(x, factor=2.0):\n    return x + factor\n"


@pytest.fixture
def record(mark) -> Record:
    report = mark(SOURCE)
    return Record("ann", "toy", Outcome.GRADED, report.max_points, report)


def said(kind: Kind, value: str = "", exercise: str = "", why: str = "the reason", number: int = 7) -> Decision:
    return Decision("ann", "toy", kind, value, exercise, "Ada <Abebe>", why, number, "2026-11-28T10:00:00+00:00")


def page(*records: Record) -> str:
    return feedback.render("ann", records, "Feedback", {}, fragment, STYLE)


def test_a_student_reads_what_was_decided_by_whom_and_why(record):
    points, comment = said(Kind.POINTS, "2.5", "row_sums"), said(Kind.COMMENT, "See <me>", why="private")
    text = page(replace(record, decided=(points, comment)))
    assert f"{record.points + 2.5:g} of 10 points count" in text
    assert "2.5 points for toy.row_sums: decided by Ada &lt;Abebe&gt; (the reason)." in text
    assert "Ada &lt;Abebe&gt;: See &lt;me&gt;" in text
    assert "private" not in text
    assert "<me>" not in text


def test_of_what_is_held_back_nothing_is_on_the_page(record):
    held = replace(record, decided=(said(Kind.HOLD), said(Kind.POINTS, "2.5"), said(Kind.COMMENT, "See me")))
    text = page(held)
    assert "holds the result back" in text
    assert "See me" in text
    for secret in (
        "the reason",
        "2.5 points",
        record.report.sha256,
        "You add the factor",
        "row_sums",
        f"{record.points} <small>",
    ):
        assert secret not in text
    both = page(held, replace(record, unit="other"))
    assert f"{record.points} <small>of 10</small>" in both  # what is out counts alone


def test_who_is_excused_loses_nothing_by_it_and_needs_no_look(record):
    absent = Record("ann", "toy", Outcome.ABSENT, 10, decided=(said(Kind.EXCUSE),))
    full = replace(record, unit="other", decided=(said(Kind.POINTS, "10"),))
    assert totals([absent, full]) == {"ann": (10, 10)}
    assert "10 <small>of 10</small>" in page(absent, full)
    assert needs_a_look([absent]) == []


def test_the_class_report_lists_decisions_and_counts_them(record):
    decided = replace(record, decided=(said(Kind.POINTS, "2.5", "row_sums"), said(Kind.HOLD)))
    text = class_page.render([decided, replace(record, student="bob")], "Report")
    assert "Decided by hand" in text
    assert "2.5 points for toy.row_sums" in text
    assert "Ada &lt;Abebe&gt;" in text
    assert f'"points":{record.points + 2.5}' in text
    assert f'"points":[{record.points},2.5,0]' in text  # of ann's exercises, in the students' table
    assert "Decided by hand" not in class_page.render([record], "Report")
    assert totals([decided])["ann"] == (record.points + 2.5, 10)


def of_path(record: Record, path: str) -> Record:
    return replace(record, report=replace(record.report, submission=path))


NAMES = [
    ("dl/Ann B_31415_assignsubmission_file_/toy.py", "Ann B_31415_assignsubmission_file_/feedback.html"),
    ("dl.zip/course/Ann B_31415_assignsubmission_file_/own/toy.py", "Ann B_31415_assignsubmission_file_/feedback.html"),
    ("dl/Ann B_31415_assignsubmission_file_toy.py", "Ann B_31415_assignsubmission_file_/feedback.html"),
    ("dl/Ann B_31415_assignsubmission_onlinetext_/toy.py", "Ann B_31415_assignsubmission_onlinetext_/feedback.html"),
    ("dl/doeann_2718_9001_toy-1.py", "doeann_2718_9001_feedback.html"),
    ("dl/doeann_LATE_2718_9001_my_toy_2.py", "doeann_LATE_2718_9001_feedback.html"),
    ("in/ann/toy.py", ""),
    ("in/ann/1_2_3.py", ""),
]


@pytest.mark.parametrize(("path", "name"), NAMES)
def test_a_page_has_the_name_under_which_its_submission_came(path, name):
    assert feedback_archive.page_name(path) == name


def test_moodle_and_canvas_find_whose_page_it_is(record, tmp_path):
    """By their own rules: Moodle splits each part of a path at underscores, Canvas takes the first two numbers."""
    held = replace(of_path(record, NAMES[0][0].replace("31415", "7")), decided=(said(Kind.HOLD),))
    absent = Record("zoe", "toy", Outcome.ABSENT, 10)
    records = [of_path(record, NAMES[0][0]), of_path(record, NAMES[5][0]), replace(held, student="bob"), absent]
    for _ in range(2):
        count, without = feedback_archive.write(records, tmp_path / "f.zip", lambda one: page(one))
        content = (tmp_path / "f.zip").read_bytes()
    assert (count, without) == (2, ["bob", "zoe"])
    assert feedback_archive.write(records, tmp_path / "f.zip", lambda one: page(one))[0] == 2
    assert (tmp_path / "f.zip").read_bytes() == content
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        moodle, canvas = archive.namelist()
        assert "toy" in archive.read(moodle).decode()
        assert {info.date_time[0] for info in archive.infolist()} == {1980}  # no clock makes two archives differ
    info = moodle.split("/")[0].split("_", 4)
    assert (len(info), info[1], info[2], info[3]) == (5, "31415", "assignsubmission", "file")
    assert [part for part in canvas.split("_") if part.isdigit()][:2] == ["2718", "9001"]
    with pytest.raises(GraderError, match="no submission came from a download of Moodle or Canvas"):
        feedback_archive.write([absent], tmp_path / "g.zip", page)
    assert not (tmp_path / "g.zip").exists()
