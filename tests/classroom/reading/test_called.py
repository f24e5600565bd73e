"""Names where people read, ids where machines do, and neither on a page for a meeting."""

import csv
from pathlib import Path

from rich.console import Console

from grader.classroom.gradebooks import exports
from grader.classroom.intake.roster import Student
from grader.classroom.reading import called, class_page, feedback, summary
from grader.classroom.reading.similarity import alike, same
from grader.classroom.reading.similarity_page import render
from grader.record import Outcome, Record
from grader.report import Report

NAMES = {"s1": "Ana Quill", "s2": "Zoë Ång", "s3": "Zoë Ång", "s4": ""}


def records() -> list[Record]:
    report = Report("in/Ana Quill/toy.py", "ab" * 32, "toy", "key", "landlock", 0.1, ())
    return [
        Record(who, "toy", Outcome.GRADED, 10, report, note=f"{name} was late", name=name)
        for who, name in NAMES.items()
    ]


def test_who_shares_a_name_is_called_by_both_and_who_has_none_by_the_id():
    assert called.called(records()) == {
        "s1": "Ana Quill", "s2": "Zoë Ång (s2)", "s3": "Zoë Ång (s3)", "s4": "s4",
    }  # fmt: skip


def test_the_table_the_pages_and_the_terminal_show_names(tmp_path: Path):
    exports.write_csv(records(), tmp_path / "points.csv")
    rows = list(csv.DictReader((tmp_path / "points.csv").read_text().splitlines()))
    assert [(row["student"], row["name"]) for row in rows] == list(NAMES.items())
    page = class_page.render(records(), "Class")
    own = feedback.render("s1", records()[:1], "Course", {}, lambda report, title: "")
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    summary.render(records(), "Class", console)
    for text in (page, own, console.export_text()):
        assert "Ana Quill" in text
    assert '"name":"Ana Quill","id":"s1"' in page  # what the table of students is built from
    assert "s1" in own


def test_a_page_for_a_meeting_shows_nobody(tmp_path: Path):
    hidden = called.anonymous(records())
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    summary.render(hidden, "Class", console)
    for text in (class_page.render(hidden, "Class"), console.export_text()):
        assert "student 4" in text
        assert not any(word in text for word in ("Quill", "Zoë", "s1", "s4"))
    assert sorted(record.student for record in hidden) == [f"student {number}" for number in range(1, 5)]
    assert [record.student for record in called.anonymous(records())] == [record.student for record in hidden]


SIGNS = ["+", "-", "*", "/", "@", "%", "**", "//", "&", "|", "^", "<<"]


def work(turn: int, *extra: str) -> bytes:
    """A long function, whose lines differ; another turn is another way to write it."""
    signs = SIGNS[turn:] + SIGNS[:turn]
    lines = [f"    a{n} = x[{n}] {signs[n]} (b.f(x, {n}) {signs[-n]} c{n} {signs[n // 2]} x)" for n in range(12)]
    return "\n".join(["def scale(x):", *lines, "    return x", *extra]).encode()


def test_ten_equal_students_are_one_group_and_not_45_pairs():
    sources = {f"s{n}": work(0, f"# mine {n}").replace(b"a1", b"q%d" % n) for n in range(10)} | {"t": work(5)}
    groups = same(sources, "", ["scale"])
    assert groups == [[f"s{n}" for n in range(10)]]
    rest = {who: text for who, text in sources.items() if who not in groups[0][1:]}
    assert alike(rest, "", ["scale"]) == []
    page = render([], sources, "toy", groups, {who: f"name of {who}" for who in sources})
    assert "name of s9" in page
    assert "10" in page


def test_a_name_is_shown_with_its_id_and_an_id_alone_once():
    people = [Student("s1", ("Participant 5",), "Ann\x1b[2J Able"), Student("bob", (), "bob"), Student("cem")]
    said = [called.with_id(one, people) for one in ("s1", "bob", "cem", "dil")]
    assert said == ["Ann\\x1b[2J Able (s1)", "bob", "cem", "dil"]
