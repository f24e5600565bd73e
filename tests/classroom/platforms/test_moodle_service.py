"""Points and comments go into a Moodle assignment as Moodle's "Web services" documentation and its own code say."""

from collections import Counter
from functools import partial

import pytest
from fake_moodle import FakeMoodle
from loopback import TOKEN, Reply, faultless
from runs import ENTRIES, Run, a_store, one_sentence  # noqa: F401  a fixture

from grader.classroom.platforms import moodle_service
from grader.classroom.platforms.entering import PlatformError
from grader.classroom.platforms.moodle_service import moodle
from grader.classroom.platforms.planning import Kind
from grader.classroom.platforms.pushing import not_shown
from grader.secret import Secret

PEOPLE = [
    {"id": 101, "username": "able", "idnumber": "a1", "fullname": "Ann A.", "email": "a@x.edu"},
    {"id": 102, "username": "rb", "idnumber": "", "fullname": "Robert B.", "email": "bob@x.edu"},
    {"id": 103, "username": "cem", "fullname": "C. C."},
    {"id": 104, "fullname": "Dil Dubois", "firstname": "Dil", "lastname": "Dubois"},
    {"id": 1, "username": "teacher", "fullname": "A Teacher"},
]


@pytest.fixture
def there(monkeypatch):
    monkeypatch.setattr(moodle_service, "PAGE", 2)
    with faultless(FakeMoodle([dict(one) for one in PEOPLE])) as fake:
        yield fake


def run_of(there, store, *words, **more) -> Run:
    return Run(partial(moodle, there.url, "12", "345", Secret(TOKEN)), store, *words, **more)


def test_everybody_is_found_and_gets_scaled_points_and_an_excuse_is_left_to_a_person(there, store):
    run = run_of(there, store).send()
    assert there.grades == {101: 15.0, 102: 20.0, 103: 0.0}
    assert run.kinds == Counter({Kind.NEW: 3, Kind.NO_EXCUSES: 1, Kind.UNKNOWN: 1})
    assert not_shown(run.platform, run.outcomes) == []
    there.calls.clear()
    assert run_of(there, store).send().kinds[Kind.SAME] == 3
    assert there.writes() == []


def test_a_teachers_comment_stays_until_they_say_yes_even_where_only_points_are_sent(there, store):
    """A call that leaves the comment out empties it, in Moodle's own code; so whoever has one of a person's is left alone."""
    run_of(there, store).send()
    there.comments[101] = "By hand: <b>see me</b>"
    run_of(there, store, ENTRIES | {"a1": ENTRIES["bob@x.edu"]}).send()
    assert (there.grades[101], there.comments[101]) == (15.0, "By hand: <b>see me</b>")
    run = run_of(there, store, comments={"a1": "toy: 7.5 of 10"}).send()
    assert [one.item.kind for one in run.outcomes] == [Kind.KEPT]
    assert there.comments[101] == "By hand: <b>see me</b>"
    run_of(there, store, comments={"a1": "toy: 7.5 of 10"}, yes=True).send()
    assert there.comments[101] == "toy: 7.5 of 10"


def test_our_comment_stays_when_only_the_points_change(there, store):
    run_of(there, store, comments={"a1": "a & b\nsecond line"}).send()
    there.calls.clear()
    assert run_of(there, store, comments={"a1": "a & b\nsecond line"}).send().kinds[Kind.SAME] == 3
    assert there.writes() == []
    run_of(there, store, ENTRIES | {k: v for k, v in ENTRIES.items() if k != "a1"}).send()
    run_of(there, store, {"a1": ENTRIES["bob@x.edu"]}).send()
    assert there.grades[101] == 20.0
    assert " ".join(there.comments[101].split()) == "a & b second line"


def test_a_grade_by_hand_stays_and_no_grade_of_moodles_is_none(there, store):
    there.grades = {101: 3.0, 102: -1.0}
    run = run_of(there, store).send()
    assert there.grades == {101: 3.0, 102: 20.0, 103: 0.0}
    assert run.kinds[Kind.KEPT] == 1


def test_the_marking_workflow_stays_where_it_is_and_nothing_is_released(there, store):
    there.assignment["markingworkflow"] = 1
    there.states = {101: "released", 102: ""}
    run_of(there, store).send()
    assert there.states == {101: "released", 102: "readyforreview", 103: "readyforreview"}


@pytest.mark.parametrize("trouble", ["fail", "cut", "lost", "busy"])
def test_one_failed_call_is_made_good(there, store, trouble):
    there.trouble = ["", trouble]
    run_of(there, store).send()
    assert there.grades == {101: 15.0, 102: 20.0, 103: 0.0}


def test_a_token_that_is_refused_half_way_loses_nothing_and_is_never_told(there, store):
    there.trouble = ["", "revoke"]
    with pytest.raises(PlatformError, match="invalidtoken") as error:
        run_of(there, store).send()
    assert TOKEN not in str(error.value)
    assert there.grades == {101: 15.0}
    there.revoked = False
    assert run_of(there, store).send().kinds[Kind.SAME] == 1
    assert there.grades == {101: 15.0, 102: 20.0, 103: 0.0}


def test_one_student_whom_moodle_declines_stops_nobody_else(there, store):
    there.declines = {101}
    run = run_of(there, store).send()
    assert [one.why for one in run.outcomes if one.why] == ["That user is not here (usernotincourse)"]
    assert there.grades == {102: 20.0, 103: 0.0}


def test_a_grade_that_moodle_acknowledges_and_ignores_is_told(there, store, monkeypatch):
    """With a rubric, `grade` is "ignored if advanced grading used"."""
    monkeypatch.setattr(there, "_save", lambda call, form: None)
    run = run_of(there, store).send()
    assert not_shown(run.platform, run.outcomes) == ["a1", "bob@x.edu", "cem"]


def test_an_assignment_that_is_not_there_or_takes_no_points_is_told(there):
    with pytest.raises(PlatformError, match="no assignment 99; there is 344 Another, 345 Homework 3"):
        moodle(there.url, "12", "99", Secret(TOKEN)).look()
    there.assignment["grade"] = -3
    with pytest.raises(PlatformError, match="takes no points"):
        moodle(there.url, "12", "345", Secret(TOKEN)).look()


@pytest.mark.parametrize("name", ["get_enrolled_users", "get_assignments", "get_grades", "get_submission_status"])
def test_an_answer_of_any_other_form_is_one_sentence(there, store, name):
    answer = there.answer
    for body in (None, 7, "x", [None], {"courses": 7}, {"assignments": [7]}, {"courses": [{}]}):
        there.answer = lambda call, body=body: (
            Reply(200, body) if call.one("wsfunction").endswith(name) else answer(call)
        )
        with one_sentence():
            run_of(there, store).send()


def test_no_token_is_in_what_an_object_shows_of_itself():
    assert TOKEN not in repr(moodle("https://lms.example.edu", "1", "2", Secret(TOKEN)))
