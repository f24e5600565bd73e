"""What is recorded without being marked: it follows the unit's points, keeps a grade, and says once what it says."""

from types import SimpleNamespace

import pytest

from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.roster import Student
from grader.classroom.marking.running import plan
from grader.classroom.marking.store import Store, records
from grader.record import Outcome, Record
from grader.report import Report


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "class.db")) as opened:
        yield opened


def planned(store: Store, *hand_ins: HandIn, points: int) -> None:
    plan(hand_ins, store, {"toy": SimpleNamespace(max_points=points)}, {})


ABSENT, BROKEN = HandIn("ann", "toy"), HandIn("bob", "toy", problem="it is damaged", note="it is damaged")


def test_who_is_absent_or_unreadable_follows_when_an_exercises_points_change(store):
    for points in (10, 12, 12):
        planned(store, ABSENT, BROKEN, points=points)
        assert [(one.outcome, one.max_points) for one in records(store)] == [("absent", points), ("unreadable", points)]
    assert store.database.execute("SELECT count(*) FROM history") == [(2,)]  # the third run changed nothing


def test_a_grade_stays_when_a_later_upload_cannot_be_read(store):
    report = Report("toy.py", "ab" * 32, "toy", "key", "landlock", 0.1, ())
    store.put(Record("bob", "toy", Outcome.GRADED, 10, report), "{}")
    planned(store, BROKEN, HandIn("bob", "toy"), points=10)
    assert [one.outcome for one in records(store)] == ["graded"]


def test_a_record_has_the_name_of_the_roster_and_an_older_store_has_none(store):
    ann = Student("ann", ("Ann A", "901"), "Ann A", (("Section", "Mo 10"),))
    store.enrol([ann])
    planned(store, ABSENT, points=10)
    assert store.students() == [ann]
    assert [(one.name, one.person) for one in records(store)] == [("Ann A", "Ann A")]
    store.enrol([Student("ann", ("anna",)), Student("bob")])  # a later run without the roster
    assert store.students()[0] == Student("ann", ("anna", "Ann A", "901"), "Ann A", (("Section", "Mo 10"),))
    store.database.execute("UPDATE students SET others = ?", ('["Ann A", "901"]',))
    assert store.students()[0] == Student("ann", ("Ann A", "901"))
    assert [(one.name, one.person) for one in records(store)] == [("", "ann")]
