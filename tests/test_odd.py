"""Every rule gets every form of answer: each check of each exercise of the course meets each odd answer.

None may raise, none may warn, and none earns a point that is not its own: a fault of the grader's costs a class its marks.
`GRADE_ODD=all` puts every odd answer through the diagnosis of every exercise, too; the suite takes every fifth.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT
from odd import ODD, near

from grader.course import Course
from grader.judge import Answer, judge
from grader.key import RULES as KINDS
from grader.key import CheckKey, ExerciseKey
from grader.report import Finding
from grader.rules import RULES
from grader.text import tame
from grader.traces import TRACES

UNITS = sorted(folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir())
STRIDE = 1 if os.environ.get("GRADE_ODD") == "all" else 5
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("unit", UNITS)
def test_every_check_has_a_word_on_every_odd_answer(unit):
    """Alone, and where the other questions of its case are answered rightly."""
    for exercise in Course(ROOT).key(unit).exercises:
        for check in exercise.checks:
            questions = [exercise.questions[number] for number in check.groups[0]]
            for name, answers in _answers(exercise, check):
                where = f"{unit}.{exercise.name}, {check.kind}, {name}"
                found = _decided(where, check, answers, questions, exercise)
                assert found is None or isinstance(found, Finding), where
                if name in ODD and name not in SOMETIMES_RIGHT and all(answer is ODD[name] for answer in answers):
                    assert found, f"{where}: it earns points"


SOMETIMES_RIGHT = {"an exception", "a truth value", "a truth value of NumPy"}  # where they are what is asked for


def _decided(where: str, check: CheckKey, answers: list, questions: list, exercise: ExerciseKey) -> Finding | None:
    try:
        if check.kind in TRACES:
            TRACES[check.kind](answers, check.facts[0], check.options)
        return RULES[check.kind](answers, questions, exercise.returns, check.facts[0], check.options)
    except Exception as error:
        raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error


def _answers(exercise: ExerciseKey, check: CheckKey) -> Iterator[tuple[str, list]]:
    """Answers to a check's first case: all of them odd, then each of them alone."""
    right = [exercise.questions[number].expected for number in check.groups[0]]
    for name, odd in ODD.items():
        yield name, [odd] * len(right)
    for place, expected in enumerate(right):
        odds = [*ODD.items(), *((name, make()) for name, make in near(expected).items())]
        for name, odd in odds:
            yield f"{name} at {place}", [*right[:place], odd, *right[place + 1 :]]


@pytest.mark.parametrize("unit", UNITS)
def test_every_exercise_is_judged_and_diagnosed_whatever_it_answers(unit):
    for number, exercise in enumerate(Course(ROOT).key(unit).exercises):
        for name in [*ODD, *near(exercise.questions[0].expected)][number % STRIDE :: STRIDE]:
            where = f"{unit}.{exercise.name}: {name}"
            try:
                report = judge(exercise, lambda question, name=name: Answer(_odd(name, question.expected)), unit)
            except Exception as error:
                raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
            assert 0 <= report.points <= exercise.points
            assert name not in set(ODD) - SOMETIMES_RIGHT or report.points < exercise.points, where
            said = " ".join(f"{check.finding.message} {check.finding.hint}" for check in report.checks if check.finding)
            assert tame(said) == said, where
            assert len(said) < 10_000, where


def _odd(name: str, expected: Any) -> Any:
    return ODD[name] if name in ODD else near(expected).get(name, lambda: None)()


def test_the_odd_answers_leave_no_kind_of_check_out():
    """So that the product above is one: each rule is used by an exercise of the course."""
    course = Course(ROOT)
    used = {check.kind for unit in UNITS for exercise in course.key(unit).exercises for check in exercise.checks}
    assert used == set(RULES) == KINDS
