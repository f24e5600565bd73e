"""A right answer never fails and a wrong one never passes, whatever the values, shapes and dtypes."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.judging.compare import difference
from grader.judging.describing import describe, named, numbers
from grader.nest import numeric_leaves
from grader.sandbox.wire import Opaque

HARD = st.sampled_from(
    [0.0, -0.0, 5e-324, -5e-324, 1e-300, 1.0, 1.0 + 2**-52, 1e300, 1.7e308, math.inf, -math.inf, math.nan]
)
NUMBERS = HARD | st.floats()


def is_right(yours: float, expected: float, tolerance: float) -> bool:
    """One number at a time, in exact arithmetic."""
    if math.isnan(expected) or math.isnan(yours):
        return math.isnan(expected) and math.isnan(yours)
    if math.isinf(expected) or math.isinf(yours):
        return yours == expected
    return abs(Fraction(yours) - Fraction(expected)) <= Fraction(tolerance)


def on_the_edge(yours: float, expected: float, tolerance: float) -> bool:
    if not (math.isfinite(yours) and math.isfinite(expected) and tolerance):
        return False
    ratio = abs(Fraction(yours) - Fraction(expected)) / Fraction(tolerance)
    return abs(ratio - 1) < Fraction(1, 2**40)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6),
    st.sampled_from([0.0, 1e-320, 1e-12, 1e-3, 1.0, 1e10]),
)
def test_the_verdict_is_that_of_a_loop_over_single_numbers(pairs, tolerance):
    yours, expected = (np.array(part) for part in zip(*pairs, strict=True))
    right = all(is_right(a, b, tolerance) for a, b in pairs)
    if not any(on_the_edge(a, b, tolerance) for a, b in pairs):  # there the last rounding may decide either way
        assert (difference(yours, expected, [tolerance]) is None) == right


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), elements=NUMBERS))
def test_an_answer_equals_itself(array):
    assert difference(array, array, [0.0]) is None
    assert difference(np.array(array, order="F"), array, [0.0]) is None


@settings(max_examples=300, deadline=None)
@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), elements=st.floats(-9, 9)),
    hnp.array_shapes(min_dims=0, max_dims=3, max_side=3),
)
def test_another_shape_is_never_right(array, shape):
    other = np.broadcast_to(array.ravel()[0], shape)
    found = difference(other, array, [1e9])
    assert (found is None) == (other.shape == array.shape)
    assert found is None or found.kind == "shape"


@pytest.mark.parametrize(
    ("answer", "expected", "kind"),
    [
        (1.5, 1.5, None),
        (np.float64(1.5), 1.5, None),
        (np.array(1.5), 1.5, None),
        (1.5, np.array(1.5), None),
        (2, 2.0, None),
        (np.array(2, np.int16), 2.0, None),
        (True, 1.0, "dtype"),
        (np.float32(1.5), 1.5, "dtype"),
        ([1.5], 1.5, "type"),
        (np.array([1.5]), 1.5, "shape"),
        (None, 1.5, "type"),
        ("1.5", 1.5, "type"),
        (10**400, 1.5, "dtype"),
        (Opaque("Yes"), 1.5, "type"),
        (np.arange(3), np.arange(3), None),
        (np.arange(3, dtype=np.uint8), np.arange(3), None),
        (np.arange(3.0), np.arange(3), "dtype"),
        (1 + 2j, np.array(1 + 2j), None),
        (np.array(1 + 2j), 1 + 2j, None),
        (1 + 3j, 1 + 2j, "value"),
        (2.0, np.array(2 + 0j), None),
        (2.0, np.array(2 + 1j), "value"),
        (2 + 0j, 2.0, "dtype"),
        (np.ones(2), np.ones(2) + 0j, "dtype"),
        (np.arange(3), np.arange(3.0), "dtype"),
        (np.array([True, False]), np.array([True, False]), None),
        (np.array([1, 0]), np.array([True, False]), "dtype"),
        ([1.0, 2.0], np.array([1.0, 2.0]), "type"),
        ((1.0, np.zeros(2)), [1.0, np.zeros(2)], None),
        ([1.0, np.zeros(2)], (1.0, np.zeros(2)), None),
        (np.zeros(2), (1.0, np.zeros(2)), "type"),
        ((1.0,), (1.0, np.zeros(2)), "type"),
        ({"a": 1.0}, {"a": 1.0}, None),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}, "type"),
        ({"b": 1.0}, {"a": 1.0}, "type"),
        (["a", "b"], ["a", "b"], None),
        (["a", "c"], ["a", "b"], "type"),
        (np.array([np.nan, 1]), np.array([np.nan, 1]), None),
        (np.array([np.nan, 1]), np.array([0.0, 1]), "nonfinite"),
        (np.array([1e999, 1]), np.array([0.0, 1]), "nonfinite"),
        (np.array([0.0, 1]), np.array([np.inf, 1]), "value"),
    ],
)
def test_what_counts_as_the_same_form(answer, expected, kind):
    count = len(numeric_leaves(expected))
    found = difference(answer, expected, [1e-12] * count)
    assert (found.kind if found else None) == kind


def test_where_values_do_not_count_the_form_of_every_part_does():
    """A wrong whole number does not hide that a part behind it has another shape."""
    expected = (np.array([1, 2]), np.array([1.0, 2.0]))
    tolerance = [math.inf, math.inf]
    assert difference((np.array([3, 4]), np.array([5.0, 6.0])), expected, tolerance) is None
    assert difference((np.array([3, 4]), np.ones(3)), expected, tolerance).kind == "shape"


def test_the_worst_entry_is_named_with_both_numbers():
    expected = np.zeros((2, 3))
    yours = expected.copy()
    yours[1, 2], yours[0, 0] = 0.5, 0.1
    found = difference((1.0, yours), (1.0, expected), [0, 1e-9], ["loss", "db"])
    assert found.text == "db[1, 2] is 0.5, expected 0; 2 of 6 entries differ"


def test_numbers_are_shown_with_the_digits_that_tell_them_apart():
    found = difference(np.array([1.00000001]), np.array([1.0]), [1e-12], ["y"])
    assert found.text == "y[0] is 1.00000001, expected 1"


def test_parts_are_called_by_their_names():
    assert named((0,), ["loss", "gradients"]) == "loss"
    assert named((1, 2, 0), ["loss", "gradients"]) == "gradients[2][0]"
    assert named((), ["out"]) == "out"
    assert named((3,), ["order"]) == "order[3]"
    assert named((0, "f1"), []) == "the answer[0]['f1']"
    assert named((-1,), []) == named((-1,), ["loss", "gradients"]) == "the answer[-1]"  # a dict's key, not a place


def test_a_long_list_is_described_in_few_words():
    assert describe([1] * 1000) == "a list"
    assert describe(Opaque("array of dtype object")) == "an array of dtype object"


@pytest.mark.parametrize(
    ("yours", "wanted", "said"),
    [
        (-9.18335 + 0j, -4.591679 + 0j, ("-9.183+0j", "-4.592+0j")),
        (1.5 - 2j, 1.5 + 2j, ("1.5-2j", "1.5+2j")),
        (complex(0.0, -1e-17), complex(1.0, 1e-17), ("0+0j", "1+0j")),
        (1.00001 + 1j, 1.00002 + 1j, ("1.00001+1j", "1.00002+1j")),
    ],
)
def test_both_parts_of_complex_numbers_have_as_few_digits_as_tell_them_apart(yours, wanted, said):
    assert numbers(np.complex128(yours), np.complex128(wanted), 1e-12) == said


def test_a_right_answer_that_is_complex_is_told_to_return_its_real_part():
    whole = difference(np.array([0.36 + 0j, 0.64 + 0j]), np.array([0.36, 0.64]), [1e-12], ["p"])
    assert whole.text == "p is complex128, expected float64: the imaginary part is 0, return the real part"
    wrong = difference(np.array([0.36 + 1j, 0.64 + 0j]), np.array([0.36, 0.64]), [1e-12], ["p"])
    assert wrong.text == "p is complex128, expected float64"


def test_a_complex_number_is_a_number():
    assert describe(1j) == "a number"
    assert difference(None, 1j, [1e-12]).text == "the answer is None, expected a number; is a `return` missing?"
