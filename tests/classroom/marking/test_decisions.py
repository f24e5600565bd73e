"""What a person decided stays through everything that a machine does, and is in everything that is written."""

import csv
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from postgres_server import empty_store

from grader.classroom.gradebooks import exports
from grader.classroom.intake.intake import HandIn
from grader.classroom.intake.roster import Student
from grader.classroom.marking import lateness
from grader.classroom.marking.appeals import look_into
from grader.classroom.marking.counting import counted, counted_of
from grader.classroom.marking.deciding import checked, read_decisions, roll_of
from grader.classroom.marking.decisions import by_hand, decide, every, standing, undo
from grader.classroom.marking.kept_files import keep, kept
from grader.classroom.marking.past import Graded, past_of
from grader.classroom.marking.running import plan
from grader.classroom.marking.store import Claim, Store, Terms, fingerprint
from grader.commands.written import entries_by_unit
from grader.course.settings_file import parse
from grader.errors import GraderError
from grader.key import to_bytes
from grader.record import Decision, Kind, Outcome, Record
from grader.report import to_json
from grader.submission import Submission

CLASS = [Student("ann", ("Ann Able",)), Student("bob", ("Bob Baker",)), Student("cem"), Student("dil")]
SOURCE = "def scale(x, factor=2.0):\n    return x * factor\n"  # 4 of 10 points


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path) -> str:
    return empty_store(request, tmp_path)


@pytest.fixture
def report(mark):
    return mark(SOURCE)


def terms(version: str, sha256: str = "00") -> str:
    return Terms(f"toy-{version}", version, "0.1.0", 10.0).to_json(sha256)


def grade(store: Store, student: str, report, version: str, table: str = "records") -> None:
    store.join()
    assert store.claim(student, "toy", fingerprint(terms(version)), table) is Claim.OURS
    record = Record(student, "toy", Outcome.GRADED, report.max_points, report)
    assert store.put(record, terms(version), json.dumps(to_json(report)), table)


def marked(store: Store, report) -> Store:
    """The class marked: ann, bob and cem handed in, dil did not."""
    store.enrol(CLASS)
    for student in ("ann", "bob", "cem"):
        grade(store, student, report, "1")
    store.put(Record("dil", "toy", Outcome.ABSENT, 10), json.dumps({"outcome": "absent", "note": "", "max_points": 10}))
    return store


def said(student: str, kind: Kind, value: str = "", exercise: str = "", why: str = "seen") -> Decision:
    return Decision(student, "toy", kind, value, exercise, "Ada", why)


DECIDED = [
    said("ann", Kind.POINTS, "2.5", "row_sums"),
    said("ann", Kind.COMMENT, "=well done", why=""),
    said("ann", Kind.DUE, "2026-11-25"),
    said("bob", Kind.HOLD),
    said("cem", Kind.EXCUSE),
    said("dil", Kind.POINTS, "7"),
]


def test_the_log_only_grows_a_later_word_replaces_an_earlier_one_and_an_undo_brings_it_back(address, report):
    with marked(Store(address), report) as store:
        assert every(store) == []  # a store of an older version has no such table
        decide(store, [said("ann", Kind.POINTS, "5"), said("ann", Kind.POINTS, "7"), said("ann", Kind.COMMENT, "a")])
        decide(store, [said("ann", Kind.COMMENT, "b")])
        assert [(one.kind, one.value) for one in standing(every(store))["ann", "toy"]] == [
            (Kind.POINTS, "7"), (Kind.COMMENT, "a"), (Kind.COMMENT, "b"),
        ]  # fmt: skip
        decide(store, [undo(2, "Ada", "no"), undo(3, "Ada", "no")])
        assert [(one.kind, one.value) for one in standing(every(store))["ann", "toy"]] == [
            (Kind.POINTS, "5"), (Kind.COMMENT, "b"),
        ]  # fmt: skip
        log = every(store)
        assert [one.number for one in log] == [1, 2, 3, 4, 5, 6]
        assert {(one.student, one.unit, one.by) for one in log} == {("ann", "toy", "Ada")}
        assert all(one.at for one in log)


def test_decisions_of_one_table_are_made_all_or_none(address, report):
    with marked(Store(address), report) as store:
        decide(store, [said("ann", Kind.POINTS, "5")])
        wanted = [said("bob", Kind.HOLD), said("ann", Kind.POINTS, "3", "scale")]
        with pytest.raises(GraderError, match=r"5 points by hand for the whole of toy \(decision 1\)"):
            decide(store, wanted)
        assert len(every(store)) == 1
        for wrong, words in ((7, "there is no decision 7"), (1, "taken back already, by Ada")):
            decide(store, [undo(1, "Ada", "no")] if wrong == 1 else [])
            with pytest.raises(GraderError, match=words):
                decide(store, [undo(wrong, "Ada", "no")])
        with pytest.raises(GraderError, match="took another back"):
            decide(store, [undo(2, "Ada", "no")])


def test_the_same_said_twice_is_decided_once(address, report):
    with marked(Store(address), report) as store:
        assert len(decide(store, DECIDED)) == len(DECIDED)
        assert decide(store, DECIDED) == []
        assert len(decide(store, [said("ann", Kind.POINTS, "2", "row_sums")])) == 1


def test_people_who_decide_at_once_get_numbers_of_their_own(address, report):
    with marked(Store(address), report) as store:
        decide(store, [said("bob", Kind.COMMENT, "first")])

        def one(number: int) -> None:
            with Store(address) as mine:
                decide(mine, [said("ann", Kind.COMMENT, f"{number}")])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.number for one in every(store)] == list(range(1, 8))


def test_three_regradings_change_no_decision_and_every_export_has_them(address, report, mark, tmp_path):
    with marked(Store(address), report) as store:
        decide(store, DECIDED)
        late = {who: datetime(2026, 11, 24, 12, tzinfo=UTC) for who in ("ann", "bob", "dil")}
        settings = parse("units = ['toy']\n[due]\ntoy = 2026-11-20\n[late]\npenalty = 10\n")
        lateness.note(store, settings, {"toy": late})
        wrong = mark("def scale(x, factor=2.0):\n    return x + factor\n")
        for version, found in (("2", wrong), ("3", report), ("4", wrong)):
            for student in ("ann", "bob", "cem"):
                grade(store, student, found, version, "proposals")
            store.accept()
            assert {one.number: one for one in every(store)} == {
                n: replace(d, number=n, at=every(store)[n - 1].at) for n, d in enumerate(DECIDED, 1)
            }
        assert by_hand(store) == {("ann", "toy"), ("dil", "toy")}
        found = {record.student: record for record in counted(store)}
        earned = wrong.points
        ann, bob, cem, dil = (found[who] for who in ("ann", "bob", "cem", "dil"))
        assert (ann.earned, ann.points, ann.penalty, ann.days_late) == (earned, earned + 2.5, 0, 0)  # an extension
        assert bob.is_held
        assert (bob.points, bob.days_late, bob.penalty) == (earned, 4, round(earned * 0.4, 6))
        assert cem.is_excused
        assert (dil.points, dil.points_left, dil.has_points) == (7, 7, True)  # final, whenever it came
        exports.write_csv(counted(store), tmp_path / "p.csv")
        exports.write_json_lines(counted(store), tmp_path / "p.jsonl")
        entries = entries_by_unit(list(counted(store)), [])["toy"]
        times = {one.terms["key"]: one for one in past_of(store, "ann") if isinstance(one, Graded)}
    with open(tmp_path / "p.csv", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {who: row["state"] for who, row in rows.items()} == {
        "ann": "by hand", "bob": "held", "cem": "excused", "dil": "by hand",
    }  # fmt: skip
    assert (rows["ann"]["toy.row_sums"], rows["ann"]["points"], rows["dil"]["points"]) == (
        "2.5",
        f"{earned + 2.5:g}",
        "7",
    )
    assert "a comment on toy: =well done, by Ada" in rows["ann"]["decisions"]
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [one["decisions"][-1]["kind"] for one in lines] == ["due", "hold", "excuse", "points"]
    assert (entries["ann"].points, entries["bob"].is_held, entries["cem"].is_excused) == (earned + 2.5, True, True)
    assert entries["dil"].points == 7
    assert list(times) == ["toy-1", "toy-2", "toy-3", "toy-4"]
    assert [one.stands for one in times.values()] == [False, False, False, True]
    assert [one.because for one in times.values()] == [(), *[("questions", "exercises")] * 3]


def test_parquet_and_nbgraders_gradebook_have_them(report, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    api = pytest.importorskip("nbgrader.api", reason="nbgrader is not installed")
    from grader.classroom.gradebooks import tables

    with marked(Store(str(tmp_path / "class.db")), report) as store:
        book = str(tmp_path / "gradebook.db")
        tables.write_nbgrader(counted(store), book)
        decide(store, [*DECIDED, said("bob", Kind.POINTS, "9")])
        tables.write_nbgrader(counted(store), book)
        tables.write_parquet(counted(store), tmp_path / "p.parquet")
        decide(store, [undo(4, "Ada", "settled")])
        with api.Gradebook(f"sqlite:///{book}") as gradebook:
            scores = {one.student.id: one.score for one in gradebook.assignment_submissions("toy")}
        tables.write_nbgrader(counted(store), book)
        with api.Gradebook(f"sqlite:///{book}") as gradebook:
            after = {one.student.id: one.score for one in gradebook.assignment_submissions("toy")}
    assert scores == {"ann": 6.5, "bob": 4, "cem": 4}  # what is held or excused stays as it was
    assert after == {"ann": 6.5, "bob": pytest.approx(9), "cem": 4}
    rows = pq.read_table(tmp_path / "p.parquet").to_pylist()
    of_ann = {row["exercise"]: (row["points"], row["earned"]) for row in rows if row["student"] == "ann"}
    assert of_ann["toy.row_sums"] == (2.5, 0)
    assert {row["student"]: row["unit_points"] for row in rows} == {"ann": 6.5, "bob": 9, "cem": 4, "dil": 7}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (said("ann", Kind.POINTS, "11"), "toy has 10 points, and 11 are more; say --yes"),
        (said("ann", Kind.POINTS, "nan"), "no number of points"),
        (said("ann", Kind.POINTS, "-1"), "no number of points"),
        (said("ann", Kind.POINTS, "1e400"), "no number of points"),
        (said("ann", Kind.HOLD, why=" "), "needs a reason"),
        (replace(said("ann", Kind.HOLD), by=""), "say --by NAME"),
        (said("ann", Kind.HOLD, exercise="scale"), "hold is for a whole unit; name toy"),
        (said("ann", Kind.DUE, "soon"), "soon is no due date"),
        (said("ann", Kind.COMMENT, " "), "the comment is empty"),
        (said("zoe", Kind.HOLD), "zoe has no record for toy; mark the class with a roster first"),
    ],
)
def test_what_cannot_be_meant_so_is_one_sentence(report, tmp_path, one, words):
    with marked(Store(str(tmp_path / "class.db")), report) as store:
        with pytest.raises(GraderError, match=words) as error:
            checked(one, roll_of(store))
        assert "\n" not in str(error.value)


TABLE = 'Name;exercise;points;comment;hold;due;by\nAnn Able;row_sums;"2,5";"Well; done";;2026-11-25;Eve\nbob;;;;x;;\ndil;toy;7;;no;;\n;;;;;;\n'


def test_a_table_decides_row_by_row_as_people_write_it(report, tmp_path):
    (tmp_path / "d.csv").write_text(TABLE.replace("2026-11-25", ""))
    with marked(Store(str(tmp_path / "class.db")), report) as store:
        found, strangers = read_decisions(tmp_path / "d.csv", roll_of(store), "Ada", "seen")
        assert strangers == []
        assert [(one.student, one.target, str(one.kind), one.value, one.by) for one in found] == [
            ("ann", "toy.row_sums", "points", "2.5", "Eve"),
            ("ann", "toy.row_sums", "comment", "Well; done", "Eve"),
            ("bob", "toy", "hold", "", "Ada"),
            ("dil", "toy", "points", "7", "Ada"),
        ]
        for text, words in (
            (TABLE, "line 2: due is for a whole unit"),
            ("student,hold\nann,maybe\n", "line 2: maybe in the column hold is neither yes nor no"),
            ("student,exercise,points\nann,nope,1\n", "line 2: toy has no exercise nope"),
            ("student,mark\nann,3\n", "one of points, comment, hold, excuse, due"),
        ):
            (tmp_path / "d.csv").write_text(text)
            with pytest.raises(GraderError, match=words):
                read_decisions(tmp_path / "d.csv", roll_of(store), "Ada", "seen")
        (tmp_path / "d.csv").write_text("student,hold\nzoe,x\n")
        assert read_decisions(tmp_path / "d.csv", roll_of(store), "Ada", "seen") == ([], ["zoe"])


def test_points_that_nobody_could_decide_count_once_a_person_did(report):
    fault = replace(report, exercises=(replace(report.exercises[0], status="grader_error"), *report.exercises[1:]))
    record = Record("ann", "toy", Outcome.GRADED, 10, fault)
    assert replace(record, decided=(said("ann", Kind.POINTS, "7"),)).has_points
    absent = Record("dil", "toy", Outcome.ABSENT, 10)
    assert not absent.has_points
    assert replace(absent, decided=(said("dil", Kind.POINTS, "3", "scale"),)).points == 3


def test_an_appeal_asks_the_same_file_and_key_again_and_changes_nothing(mark, toy_key, sandbox, tmp_path):
    submission = Submission("in/ann/toy.py", b"def scale(x, factor=2.0):\n    return x + factor\n")
    report = mark(submission.source)
    with marked(Store(str(tmp_path / "class.db")), report) as store:
        (record,) = counted_of(store, "ann")
        with pytest.raises(GraderError, match="does not have the file that ann was graded on"):
            look_into(store, record, "scale", sandbox)
        keep(store, submission)
        assert kept(store, submission.sha256) == submission
        with pytest.raises(GraderError, match="does not have the key"):
            look_into(store, record, "scale", sandbox)
        store.key("toy", lambda: to_bytes(toy_key))
        before = store.lines()
        found = look_into(store, record, "scale", sandbox)
        assert store.lines() == before
    assert found.is_same
    failed = [one for one in found.decided if one.check.points < one.check.max_points]
    assert failed
    assert all(one.questions for one in failed)
    asked = failed[0].questions[0]
    assert "x = array of shape (3, 5), float64" in asked.inputs
    assert asked.expected.startswith("array of shape (3, 5)")
    assert asked.expected != asked.answered
    assert [one.questions for one in found.decided if one.check.points] == [()]  # what passed decided nothing


def test_who_handed_in_nothing_gets_the_new_total_and_not_before_the_others(report, toy_key, tmp_path):
    larger = replace(toy_key, exercises=[replace(toy_key.exercises[0], checks=[]), *toy_key.exercises])
    hand_in = HandIn("dil", "toy")
    with marked(Store(str(tmp_path / "class.db")), report) as store:
        plan([hand_in], store, {"toy": toy_key}, {})
        (history,) = store.database.execute("SELECT count(*) FROM history")
        assert history == (0,)  # nothing changed, so nothing is written
        plan([hand_in], store, {"toy": larger}, {})
        (dil,) = counted_of(store, "dil")
        assert dil.max_points == larger.max_points
