"""Times as platforms write them, and days late as people count them."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from grader.classroom.intake.roster import Student
from grader.classroom.marking.clock import due, moment
from grader.classroom.marking.lateness import Lateness, read_times
from grader.course.late_policy import Late
from grader.course.settings_file import SettingsError, parse
from grader.course.settings_text import to_toml
from grader.record import Decision, Kind, Outcome, Record
from grader.report import CheckReport, ExerciseReport, Report, Status

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-20T23:59:00+01:00",
        "2026-03-20 22:59:00 UTC",
        "2026-03-20 23:59:00 +0100",
        "2026-03-20T22:59:00Z",
        "2026-03-20 23:59",
        "Friday, 20 March 2026, 11:59 PM",
        "Friday, March 20, 2026, 11:59 PM",
        "Friday, 20 March 2026, 11:59\u202fpm",
        "Freitag, 20. März 2026, 23:59",
        "vendredi 20 mars 2026, 23:59",
        "viernes, 20 de marzo de 2026, 23:59",
        "venerdì, 20 marzo 2026, 23:59",
        "sexta-feira, 20 de março de 2026, 23:59",
        "vrijdag 20 maart 2026, 23:59",
    ],
)
def test_one_moment_in_many_hands(text):
    assert moment(text, BERLIN) == datetime(2026, 3, 20, 22, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "20/11/2026 10:00", "Friday, 32 March 2026, 11:59 PM", "5 Frimaire 2026, 10:00"]
)
def test_what_may_mean_two_days_or_none_is_no_time(text):
    assert moment(text) is None


def test_a_due_date_alone_is_the_end_of_that_day_where_the_course_is():
    assert due("2026-11-20", BERLIN) == datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)
    assert due("2026-11-20") == datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    assert due("2026-11-20T12:00+02:00", BERLIN) == datetime(2026, 11, 20, 10, tzinfo=UTC)


DAYS = [  # when it is due, when it came, the days begun with Berlin's clocks, and without a zone
    ("2026-05-28T23:59:00+02:00", "2026-05-28T23:59:00+02:00", 0, 0),
    ("2026-05-28T23:59:00+02:00", "2026-05-29T00:00:00+02:00", 1, 1),
    ("2026-05-28T23:59:00+02:00", "2026-05-29T23:59:00+02:00", 1, 1),
    ("2026-05-28T23:59:00+02:00", "2026-05-30T00:00:00+02:00", 2, 2),
    ("2026-03-28T23:59:00+01:00", "2026-03-29T23:50:00+02:00", 1, 1),  # clocks go on in this night: 23 hours
    ("2026-03-28T23:59:00+01:00", "2026-03-30T00:30:00+02:00", 2, 2),
    ("2026-03-28T23:59:00+01:00", "2026-03-29T22:30:00Z", 2, 1),  # UTC says nothing of the clocks there
    ("2026-10-24T23:59:00+02:00", "2026-10-25T23:50:00+01:00", 1, 1),  # and back: 25 hours
    ("2026-10-24T23:59:00+02:00", "2026-10-26T00:30:00+01:00", 2, 2),
    ("2026-10-24T23:59:00+02:00", "2026-10-25T22:50:00Z", 1, 2),
    ("2026-11-20T12:00:00+01:00", "2026-11-21T11:59:00+01:00", 1, 1),
    ("2026-11-20T12:00:00+01:00", "2026-11-20T19:30:00+09:00", 0, 0),
    ("2026-11-20T12:00:00+01:00", "2026-11-21T19:30:00+09:00", 1, 1),
]


@pytest.mark.parametrize(("due_at", "at", "there", "alone"), DAYS)
def test_a_day_is_over_when_the_clock_on_the_wall_says_so(due_at, at, there, alone):
    due_at, at = datetime.fromisoformat(due_at), datetime.fromisoformat(at)
    assert Late().begun(at, due_at, BERLIN) == there
    assert Late().begun(at, due_at) == alone


def test_the_grace_is_taken_off_before_days_are_counted():
    late, when = Late(grace_minutes=30), datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert [late.begun(when.replace(hour=12, minute=m), when) for m in (29, 30, 31)] == [0, 0, 1]
    assert late.begun(when.replace(day=21, minute=30), when) == 1
    assert late.begun(when.replace(day=21, minute=31), when) == 2


def record(unit: str, points: int = 10, *decided: Decision) -> Record:
    check = CheckReport("c", Status.PASSED, points, 10)
    one = ExerciseReport(f"{unit}.a", Status.PASSED, points, 10, 0.0, (check,))
    return Record(
        "ann", unit, Outcome.GRADED, 10, Report("f", "00", unit, "k", "process", 0.0, (one,)), decided=decided
    )


def late(days_late: dict[str, int], **policy) -> Lateness:
    """Units due on one day after the other, each handed in so many days late."""
    dues = {unit: datetime(2026, 11, 1 + n, 12, tzinfo=UTC) for n, unit in enumerate(days_late)}
    times = {
        unit: {"ann": dues[unit].replace(day=dues[unit].day + days_late[unit], hour=11)}
        for unit in days_late
        if days_late[unit]
    }
    return Lateness(times, dues, Late(penalty=10, **policy))


def test_slip_days_are_used_up_in_the_order_of_due_dates_and_where_they_save_points():
    found = late({"z": 2, "a": 3}, slip_days=3).of_student([record("a"), record("z")])
    assert [(one.unit, one.days_late, one.slip_days, one.penalty) for one in found] == [
        ("a", 3, 1, 2.0),
        ("z", 2, 2, 0),
    ]
    found = late({"a": 2, "b": 6, "c": 1}, slip_days=2, days=3).of_student([record("a", 0), record("b"), record("c")])
    assert [(one.slip_days, one.penalty) for one in found] == [(0, 0), (0, 10), (1, 0)]


def test_an_excuse_or_points_for_the_whole_unit_cost_neither_points_nor_slip_days():
    excuse, whole = Decision("ann", "a", Kind.EXCUSE), Decision("ann", "b", Kind.POINTS, "4")
    found = late({"a": 2, "b": 2, "c": 2}, slip_days=2).of_student(
        [record("a", 10, excuse), record("b", 10, whole), record("c")]
    )
    assert [(one.days_late, one.slip_days, one.penalty) for one in found] == [(2, 0, 0), (2, 0, 0), (2, 2, 0)]
    assert found[1].points_left == 4


def test_a_students_own_due_date_goes_before_the_courses_in_the_courses_zone():
    own = Decision("ann", "a", Kind.DUE, "2026-11-03")
    policy = replace(late({"a": 2}), timezone="Europe/Berlin")
    assert policy.on(record("a", 10, own)).penalty == 0
    assert policy.on(record("a", 10, own)).due == "2026-11-03T23:59:59+01:00"
    assert policy.on(record("a", 10, replace(own, value="2026-11-02"))).penalty == 1


def test_a_course_says_where_its_days_end():
    text = "units = ['a']\ntimezone = 'Europe/Berlin'\n[due]\na = 2026-11-20\n[late]\nslip_days = 2\n"
    settings = parse(text)
    assert settings.due["a"] == datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)
    assert (settings.zone, settings.late.slip_days) == (BERLIN, 2)
    assert parse(to_toml(settings)) == settings
    for wrong in ("'Europe/Berlim'", "'../etc'", "''", "7", "'Europe'"):
        with pytest.raises(SettingsError, match="timezone"):
            parse(text.replace("'Europe/Berlin'", wrong))


MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments\n"
    'Participant 11,Ann Able,a@x.edu,Submitted,,10,Yes,"Friday, 20 March 2026, 11:59 PM",-,\n'
    "Participant 12,Bob Baker,b@x.edu,No submission,-,10,Yes,-,-,\n"
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,Submission Time,Lateness (H:M:S)\n"
    "Ann,Able,11,a@x.edu,,,10,Ungraded,5,2026-03-20 23:59:00 +0100,00:00:00\nBob,Baker,12,b@x.edu,,,10,Missing,,,\n"
)
CANVAS = (
    "user_id,name,submitted_at,late,seconds_late\n11,Ann Able,2026-03-20T22:59:00Z,false,0\n12,Bob Baker,,false,0\n"
)
GIT = "github_username,pushed_at\nann,2026-03-20T22:59:00Z\n"


@pytest.mark.parametrize("text", [MOODLE, GRADESCOPE, CANVAS, GIT], ids=["moodle", "gradescope", "canvas", "git"])
def test_what_platforms_export_is_a_table_of_times(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    people = [Student("ann", ("Ann Able", "a@x.edu", "11")), Student("bob", ("Bob Baker", "b@x.edu", "12"))]
    times, strangers = read_times(tmp_path / "t.csv", ["a"], people, "Europe/Berlin")
    assert times == {"a": {"ann": datetime(2026, 3, 20, 22, 59, tzinfo=UTC)}}
    assert strangers == []
