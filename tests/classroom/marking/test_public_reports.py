"""What people reported of other graders, in its general form: each fact names its report and what that showed.

The reports are public; where one showed a fault of ours, its docstring says so.
"""

import csv
from dataclasses import replace
from datetime import datetime

import pytest
from conftest import RIGHT
from test_decisions import CLASS, grade, marked, said
from test_intake import WORDS, intake, outcomes, the, tree  # noqa: F401  a fixture

from grader.classroom.gradebooks import exports
from grader.classroom.gradebooks.filling import Entry, fill_canvas
from grader.classroom.intake.roster import Names, Student, read_roster
from grader.classroom.marking.counting import counted
from grader.classroom.marking.deciding import read_decisions, roll_of
from grader.classroom.marking.decisions import decide
from grader.classroom.marking.lateness import Lateness, note, read_times
from grader.classroom.marking.store import Store
from grader.course.settings_file import parse
from grader.record import Decision, Kind, Outcome, Record
from grader.report import Status

OLD = RIGHT.replace("axis=1", "axis=0")
DUE = "units = ['toy']\n[due]\ntoy = {}\n[late]\npenalty = 10\nslip_days = {}\n"


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "class.db")) as opened:
        yield opened


@pytest.fixture
def report(mark):
    return mark("def scale(x, factor=2.0):\n    return x * factor\n")


def records(store: Store) -> dict[str, Record]:
    return {record.student: record for record in counted(store)}


@pytest.mark.parametrize("name", ["my.toy", "toy.final", "toy", "toy.my.own.work"])
def test_a_resubmission_counts_wherever_canvas_put_its_number(intake, tmp_path, name):  # noqa: F811
    """instructure/canvas-lms#2310 "Unexpected file renaming format": `test.test.test.pdf` comes back as `test-1.test.test.pdf`.

    Whoever looks for the number before the suffix takes the resubmission for another file. The attachment's own number decides.
    """
    head, dot, rest = name.partition(".")
    found = intake(
        tree(
            tmp_path / "in",
            {
                f"ann_101_9001_{name}.py": OLD,
                f"ann_101_9007_{head}-2{dot}{rest}.py": RIGHT,
                f"ann_101_9004_{head}-1{dot}{rest}.py": OLD,
                "bob_102_9002_toy.py": OLD,
            },
        ),
        only=("toy",),
    )
    assert the(found, "ann").read().source.decode() == RIGHT
    assert outcomes(found) == {"ann": "graded", "bob": "graded"}


def test_all_files_of_a_later_attempt_count_and_an_earlier_ones_where_it_has_none(intake, tmp_path):  # noqa: F811
    """jupyter/nbgrader#724 "zip_collect not collecting properly (multiple attempts)": of a later attempt's two notebooks the
    first replaced the earlier attempt, and the second was skipped.
    """
    at = "HW_{}_attempt_2017-03-03-{}-00-00_{}.py"
    found = intake(
        tree(
            tmp_path / "in",
            {
                at.format("ann", 11, "toy"): OLD,
                at.format("ann", 11, "words"): WORDS,
                at.format("ann", 17, "toy"): RIGHT,
                at.format("ann", 17, "words"): WORDS + "# again\n",
                at.format("bob", 17, "toy"): RIGHT,
                at.format("bob", 11, "words"): WORDS,
                at.format("bob", 11, "toy"): OLD,
            },
        )
    )
    assert the(found, "ann", "toy").read().source.decode() == the(found, "bob", "toy").read().source.decode() == RIGHT
    assert the(found, "ann", "words").read().source.decode().endswith("# again\n")
    assert the(found, "bob", "words").read().source.decode() == WORDS


def test_a_penalty_goes_when_the_due_date_the_time_or_the_students_own_date_moves(store, report):
    """jupyter/nbgrader#723 "Late submission penalty": a penalty stayed after the due date or the time had changed."""
    marked(store, report)
    early, late = (datetime.fromisoformat(f"2026-11-{day}T12:00:00+00:00") for day in (19, 21))
    note(store, parse(DUE.format("2026-11-20T12:00:00Z", 0)), {"toy": {"ann": late, "bob": late, "cem": late}})
    assert [records(store)[who].penalty for who in ("ann", "bob", "cem")] == [0.4, 0.4, 0.4]
    decide(store, [said("bob", Kind.DUE, "2026-11-25")])
    note(store, parse(DUE.format("2026-11-20T12:00:00Z", 0)), {"toy": {"ann": early}})
    assert [records(store)[who].penalty for who in ("ann", "bob", "cem")] == [0, 0, 0.4]
    note(store, parse(DUE.format("2026-11-22T12:00:00Z", 0)), {})
    assert [records(store)[who].penalty for who in ("ann", "bob", "cem")] == [0, 0, 0]


@pytest.mark.parametrize("outcome", [Outcome.UNREADABLE, Outcome.ABSENT])
def test_what_could_not_be_marked_uses_up_no_slip_day(report, outcome):
    """eecs-autograder/autograder.io#35 "Rejected submissions use late day tokens": invalid submissions used up late days."""
    settings = parse(
        "units = ['toy', 'words']\n[due]\ntoy = 2026-11-20T12:00:00Z\nwords = 2026-11-27T12:00:00Z\n"
        "[late]\npenalty = 10\nslip_days = 1\n"
    )
    at = {unit: {"ann": moment.replace(hour=13)} for unit, moment in settings.due.items()}
    late = Lateness(at, settings.due, settings.late)
    rejected = Record("ann", "toy", outcome, 10)
    done = Record("ann", "words", Outcome.GRADED, 10, report)
    assert [(one.slip_days, one.penalty) for one in late.of_student([rejected, done])] == [(0, 0), (1, 0)]


def test_an_empty_cell_of_any_table_changes_nothing(store, report, tmp_path):
    """UM-USElab/gradecraft-development#1346 "Importing null grades but assigning them as 0's": blanks replaced scores."""
    marked(store, report)
    decide(store, [said("ann", Kind.POINTS, "7"), said("bob", Kind.COMMENT, "good")])
    table = tmp_path / "t.csv"
    table.write_text("student,unit,points,comment,hold,excuse,due\nann,toy,,,,,\nbob,toy, ,\t,no,0,\ncem,toy,3,,,,\n")
    decisions, strangers = read_decisions(table, roll_of(store), "Ada", "x")
    assert [(one.student, one.kind, one.value) for one in decisions] == [("cem", Kind.POINTS, "3")]
    assert strangers == []
    table.write_text("student,time\nann,\nbob,-\ncem,2026-11-20T12:00:00Z\n")
    assert list(read_times(table, ["toy"], CLASS)[0]["toy"]) == ["cem"]
    book = "Student,ID,Section,toy (1)\nann,1,s,7\nbob,2,s,\n"
    (tmp_path / "book.csv").write_text(book)
    fill_canvas(tmp_path / "book.csv", {}, CLASS, ["toy"])
    assert (tmp_path / "book.csv").read_text() == book


def test_a_run_that_fails_takes_neither_points_nor_a_persons_word_away(store, report):
    """autolab/Autolab#362 "Don't overwrite grades on autograding failure": a failed regrade wrote 0 over what was there.

    Here a failure is no answer: it earns nothing, it is no number in any gradebook, and a person's points count through it.
    """
    marked(store, report)
    decide(store, [said("ann", Kind.POINTS, "9"), said("bob", Kind.POINTS, "3", "row_sums")])
    failed = replace(
        report, exercises=tuple(replace(one, status=Status.GRADER_ERROR, points=0) for one in report.exercises)
    )
    for student in ("ann", "bob", "cem"):
        grade(store, student, failed, "2", "proposals")
    store.accept()
    found = records(store)
    assert (found["ann"].points, found["ann"].has_points) == (9, True)
    assert not found["cem"].has_points
    past = store.database.execute("SELECT points FROM history WHERE student = 'cem'")
    assert past == [(report.points,)]  # nothing is lost


@pytest.mark.parametrize(("on_roster", "in_table"), [("00429", "429"), ("429", "00429"), ("0429", "000429")])
def test_zeros_that_a_spreadsheet_dropped_from_a_number_lose_nobody(on_roster, in_table, tmp_path):
    """PrairieLearn/PrairieLearn#11888 'upload csv manual grade gives error when "group_name" starts with a zero': a table that
    went through a spreadsheet has 429 for 0429. Ours named such students as strangers.
    """
    known = Names([Student(on_roster), Student("4290")])
    assert known.find(in_table) == on_roster
    table = tmp_path / "times.csv"
    table.write_text(f"student,time\n{in_table},2026-11-20T12:00:00Z\n")
    times, strangers = read_times(table, ["toy"], [Student(on_roster)])
    assert (list(times["toy"]), strangers) == ([on_roster], [])


def test_a_number_without_its_zeros_finds_nobody_where_two_have_it():
    """The same report: what is only guessed never goes before what is written, and of two it finds neither."""
    assert Names([Student("0429"), Student("00429")]).find("429") is None
    assert Names([Student("0429"), Student("429")]).find("429") == "429"
    assert Names([Student("0429"), Student("429")]).find("0429") == "0429"
    assert (
        Names([Student("0429", ("7",)), Student("b", ("Participant 7",))]).find("007") is None
    )  # too short to say whose
    assert Names([Student("x0429")]).find("x429") is None


def test_a_university_systems_own_export_is_a_roster(tmp_path):
    """ls1intum/Artemis#4939 "Importing students into a course is failing": the columns of TUMonline (CAMPUSonline) are called
    in their own way, and "Not found" was said of all. Ours took the address for the id, and no name.
    """
    table = tmp_path / "roster.csv"
    table.write_bytes(
        "STUDY_PROGRAMME;REGISTRATION_NUMBER;FAMILY_NAME_OF_STUDENT;FIRST_NAME_OF_STUDENT;EMAIL_ADDRESS;GRADE\n"
        "Informatik;03712345;Müller;Änne;aenne@x.edu;\nInformatik;03712346;Núñez;José;jose@x.edu;\n".encode("latin-1")
    )
    found = read_roster(table)
    assert [(one.id, one.name) for one in found] == [("03712345", "Änne Müller"), ("03712346", "José Núñez")]
    assert "aenne@x.edu" in found[0].others
    assert Names(found).find("3712345") == "03712345"


def test_every_number_of_a_table_stands_under_its_own_heading_whatever_is_missing(store, report, tmp_path):
    """RunestoneInteractive/rs#574 "Grade Book Seems to populate incorrect values": where some had not started, the values to
    the right moved to the left.
    """
    marked(store, report)
    part = replace(report, exercises=report.exercises[1:])
    grade(store, "bob", part, "2", "proposals")
    store.accept()
    decide(store, [Decision("dil", "toy", Kind.POINTS, "2", "mean_and_spread", "Ada", "x")])
    exports.write_csv(counted(store), tmp_path / "points.csv")
    rows = list(csv.reader((tmp_path / "points.csv").read_text().splitlines()))
    header, body = rows[0], {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert len(set(header)) == len(header)
    shown = {
        who: [row[f"toy.{name}"] for name in ("scale", "row_sums", "mean_and_spread")] for who, row in body.items()
    }
    assert shown == {"ann": ["4", "0", "0"], "bob": ["", "0", "0"], "cem": ["4", "0", "0"], "dil": ["", "", "2"]}


def test_two_of_one_name_have_each_their_own_in_all_that_is_read_and_written(intake, tmp_path):  # noqa: F811
    """RunestoneInteractive/RunestoneServer#1038 "Two students with same name cause grading anomalies": some answers were not
    graded, and some of the two had no entry.
    """
    roster = "Student,ID,SIS User ID,SIS Login ID,Section\n" + "".join(
        f'"Lin, Ethan",{n},e{n},{n}@x.edu,s\n' for n in (101, 102)
    )
    files = {"linethan_101_9001_toy.py": OLD, "linethan_102_9002_toy.py": RIGHT}
    found = intake(tree(tmp_path / "in", files), roster, only=("toy",))
    assert {one.student: one.read().source.decode() for one in found.hand_ins} == {"e101": OLD, "e102": RIGHT}
    book = tmp_path / "book.csv"
    book.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,toy (1)\n" + roster.split("\n", 1)[1].replace(",s\n", ",s,\n")
    )
    filled = fill_canvas(
        book, {"e101": Entry(1, 10), "e102": Entry(9, 10)}, read_roster(tmp_path / "roster.csv"), ["toy"]
    )
    assert filled.new == ("e101", "e102")
    assert [line.rpartition(",")[2] for line in book.read_text().splitlines()[1:]] == ["1", "9"]


@pytest.mark.parametrize("word", ["ABLE", "able", "Able", "ABLE@X.EDU"])
def test_a_login_is_the_same_in_capitals(word, store, tmp_path):
    """illinois-cs241/broadway-on-demand#115 "Lowercase all NetIDs": the roster had another case than the host of the code."""
    people = [Student("able", ("able@x.edu",)), Student("baker")]
    assert Names(people).find(word) == "able"
    table = tmp_path / "times.csv"
    table.write_text(f"login,time\n{word},2026-11-20T12:00:00Z\n")
    assert read_times(table, ["toy"], people)[1] == []
