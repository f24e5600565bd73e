"""A claim of one part of an answer costs its own points and no other's, and is diagnosed for itself."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, TOY

from grader.authoring.proof import report_on
from grader.compiling.compile import compile_exercise
from grader.course.course import Course
from grader.course.unit import Unit, UnitError
from grader.exercise import agrees
from grader.judging.compare import only


@pytest.fixture(scope="module")
def layer():
    unit = Course(ROOT).solutions("backprop")
    return unit, compile_exercise(unit, "linear_backward", 0)


def graded(layer, function):
    """Points and mistakes of each claim."""
    unit, key = layer
    report = report_on([function], key, unit)
    return {
        check.claim.split(",")[0]: (check.points, check.finding and check.finding.mistake) for check in report.checks
    }


def test_a_wrong_bias_costs_nothing_of_what_the_others_earn(layer):
    checks = graded(layer, lambda dout, x, W, b: (dout @ W.T, x.T @ dout, dout.mean(axis=0)))
    assert checks["returns dx"] == (2, None)
    assert checks["returns dW"] == (1, None)
    assert checks["returns db"] == (0, "db_mean")


def test_each_of_two_mistakes_is_named_where_it_was_made(layer):
    checks = graded(layer, lambda dout, x, W, b: (dout @ W.T, x.T @ dout / len(x), dout.sum(axis=1)))
    assert checks["returns dx"] == (2, None)
    assert checks["returns dW"] == (0, "dW_mean")
    assert checks["returns db"] == (0, "db_over_outputs")


def test_a_mistake_in_one_part_is_named_beside_one_that_nobody_has_listed(layer):
    checks = graded(layer, lambda dout, x, W, b: (np.sin(dout @ W.T), x.T @ dout, dout.mean(axis=0)))
    assert checks["returns dx"] == (0, "")
    assert checks["returns dW"] == (1, None)
    assert checks["returns db"] == (0, "db_mean")


def test_too_few_parts_fail_every_claim_in_the_same_words(layer):
    unit, key = layer
    report = report_on([lambda dout, x, W, b: (dout @ W.T, x.T @ dout)], key, unit)
    assert report.points == 0
    texts = {check.finding.message.split(" (case")[0] for check in report.checks}
    assert texts == {"the answer has 2 values, expected 3 values (dx, dW, db)"}


def toy_with(check) -> Unit:
    unit = Unit("toy", TOY / "solutions" / "toy")
    exercise = unit.exercises["mean_and_spread"]
    unit.exercises["mean_and_spread"] = replace(exercise, checks=[check, *exercise.checks[1:]])
    return unit


@pytest.mark.parametrize("part", ["spread", 1, ["spread"]])
def test_a_part_goes_by_name_or_by_place(part):
    unit = toy_with(agrees(2, "returns the spread", on="five numbers", part=part))
    key = compile_exercise(unit, "mean_and_spread", 0)
    assert key.checks[0].options == {"parts": [1]}
    assert report_on([lambda x: (0.0, x.std())], key, unit).points == 2
    assert report_on([lambda x: (x.mean(), 0.0)], key, unit).points == 0


@pytest.mark.parametrize("part", ["variance", 2, -1, ["mean", "variance"]])
def test_a_part_that_there_is_not_is_told_with_those_there_are(part):
    with pytest.raises(UnitError, match="the parts are mean, spread"):
        compile_exercise(toy_with(agrees(2, "returns it", on="five numbers", part=part)), "mean_and_spread", 0)


def test_only_takes_the_named_parts_of_an_answer_of_the_same_length():
    assert only((1, 2, 3), (7, 8, 9), [1]) == (7, 2, 9)
    assert only([1, 2, 3], (7, 8, 9), [0, 2]) == (1, 8, 3)
    assert only((1, 2), (7, 8, 9), [0]) == (1, 2)
    assert only(5, (7, 8), [0]) == 5
    assert only((1, 2), (7, 8), None) == (1, 2)
