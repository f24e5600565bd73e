"""No part of a summary is shown by its place alone: an author's words say what it is, in every exercise."""

import doctest
import re
from dataclasses import replace

import pytest
from conftest import ROOT, public_key

from grader.course.course import Course
from grader.judging import part_words
from grader.judging.describing import named
from grader.judging.kinds.registry import is_run
from grader.judging.part_words import EVERY, in_words, spoken
from grader.nest import numeric_leaves
from grader.report import CheckReport, ExerciseReport, Finding, Status

COURSE = Course(ROOT)


def shown(exercise):
    """(a part as Python names it, what a student reads) for each part of each answer."""
    keys = set(part_words._spoken_keys(exercise))
    for check in exercise.checks:
        for question in (exercise.questions[number] for group in check.groups for number in group):
            words = exercise.words.get(EVERY, {}) | exercise.words.get(question.label, {})
            change = spoken(words, keys)
            for path, _ in numeric_leaves(question.expected):
                name = named(path, exercise.returns_of(check))
                yield path, name, change(name)


@pytest.mark.parametrize("unit", COURSE.units)
def test_no_part_of_a_summary_is_shown_by_its_place_alone(unit):
    raw = [
        (exercise.name, name, text)
        for exercise in public_key(unit).exercises
        if not is_run(exercise)
        for path, name, text in shown(exercise)
        # of a list that the student's own function returns, an entry is called as Python does
        if re.search(r"\w\[|'", re.sub(r"'s\b", "", text)) and (exercise.driver or len(path) > 1)
    ]
    assert raw == []


def test_the_words_come_in_place_of_the_name_in_all_that_is_said():
    exercise = public_key("backprop").exercise("Value")
    message = "numbers[1] is 3, expected 4 (case: a value used twice)"
    finding = Finding("value", message, "numbers[0] is right, numbers[1] is not. numbers[1] has the wrong sign.")
    checks = (CheckReport("is right", Status.FAILED, 0, 1, finding),)
    report = in_words(ExerciseReport("backprop.Value", Status.FAILED, 0, 1, 0.0, checks), exercise)
    told = report.checks[0].finding
    assert told.message == "the gradient of b in (((a * a) * a) + b) is 3, expected 4 (case: a value used twice)"
    assert "numbers[" not in told.hint
    assert re.findall(r"(?:^|[.] )(\w+)", told.hint) == ["The", "The"]  # sentences
    elsewhere = replace(finding, message="numbers[1] is 3, expected 4 (case: of another key)")
    other = replace(report, checks=(replace(checks[0], finding=elsewhere),))
    assert in_words(other, exercise) == other


def test_the_docstrings_examples_hold():
    assert doctest.testmod(part_words).failed == 0
