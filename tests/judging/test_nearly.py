"""An answer that a small constant keeps from being exact is told so; one by another formula is not."""

import numpy as np
import pytest

from grader.judging.nearly import CONSTANT, nearly
from grader.key import Question

RIGHT = np.array([1.67088, -0.25, 300.0])


def found(answer, expected=RIGHT, mistakes=None, tolerance=1e-12):
    return nearly(answer, Question("a", {}, expected, [tolerance], mistakes or {}), ["y"])


@pytest.mark.parametrize(("off", "digits"), [(3e-6, 5), (4e-8, 7), (2e-11, 10)])
def test_a_small_constant_is_told_with_the_digits_that_are_right(off, digits):
    told = found(RIGHT * (1 + np.array([off, 0, 0])))
    assert told.kind == "value"
    assert told.hint == CONSTANT
    assert told.message.startswith(f"y[0], where 1.671 is expected, is right to {digits} digits and ")
    assert told.message.endswith("too large (case: a)")


def test_each_entry_must_be_right_to_five_digits_not_the_largest_alone():
    assert found(RIGHT + 1e-4) is None  # four millionths of a percent of 300, but a thousandth of a quarter
    assert found(RIGHT * (1 + 2e-5)) is None


def test_what_is_right_or_listed_or_of_another_form_is_not_told():
    near = RIGHT * (1 + 1e-8)
    assert found(RIGHT) is None
    assert found(near, mistakes={"own_eps": near}) is None
    assert found(near[:2]) is found([1, 2]) is found(None) is found(near.astype(np.float32)) is None
    assert found(np.array([1.0, 2.0]), np.array([1, 3]), tolerance=0.0) is None


def test_a_zero_or_an_infinity_is_not_right_to_any_digits():
    assert found(np.array([1.0, 1e-9]), np.array([1.0, 0.0])) is None
    assert found(np.array([1.0, 1e9]), np.array([1.0, np.inf])) is None
    assert found(np.array([1.0, np.nan]), np.array([1.0, 2.0])) is None
