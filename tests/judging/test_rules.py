"""Each kind of check: what it accepts, what it refuses, and both halves of a property."""

import numpy as np
import pytest

from grader.judging.compare import turned
from grader.judging.rules import distributed, keeps, moves, orders, seeded, slopes
from grader.key import Question


def question(expected, label="a case", tolerance=1e-9, inputs=None):
    count = len(expected) if isinstance(expected, tuple) else 1
    return Question(label, inputs or {}, expected, [tolerance] * count, {})


BEFORE, AFTER = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 9.0])
MOVES = [question(BEFORE), question(AFTER)]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (BEFORE, AFTER, None),
        (BEFORE + 5, AFTER + 7 * (BEFORE == 3) + 5, None),  # wrong values, but they stay and move where they should
        (BEFORE, BEFORE, "your answer does not move, and it must (case: a case)"),
        (np.zeros(3), np.zeros(3), "your answer does not move, and it must (case: a case)"),
        (BEFORE, AFTER + [0.5, 0, 0], "out[0] must stay as it is, but it moves from 1 to 1.5 (case: a case)"),
        (BEFORE, np.array([np.nan, 2, 9]), "out[0] is nan, expected 1; 1 of 3 entries differ (case: a case)"),
        (BEFORE[:2], AFTER[:2], "out has shape (2,), expected (3,) (case: a case)"),
        (None, AFTER, "out is None, expected an array of shape (3,); is a `return` missing? (case: a case)"),
    ],
)
def test_moves_asks_for_both_halves(first, second, message):
    found = moves([first, second], MOVES, ["out"], None, {})
    assert (found.message if found else None) == message


def test_moves_works_for_booleans():
    before, after = np.array([True, False]), np.array([True, True])
    questions = [question(before, tolerance=0.0), question(after, tolerance=0.0)]
    assert moves([before, after], questions, ["mask"], None, {}) is None
    assert moves([before, ~after], questions, ["mask"], None, {}).message.startswith("mask[0] must stay as it is")


WEIGHTS = np.array([[0.2, 0.8], [0.5, 0.5]])
SUMS = {"measure": "sum", "axis": -1, "part": None}


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (WEIGHTS, WEIGHTS[::-1], None),
        (np.array([[0.9, 0.1], [0.3, 0.7]]), WEIGHTS, None),
        (
            np.full((2, 2), 0.5),
            np.full((2, 2), 0.5),
            "weights does not move with the input, and it must (case: a case)",
        ),
        (WEIGHTS.T, WEIGHTS, "the sum of weights along axis -1 is 0.7, expected 1 (case: a case)"),
        (WEIGHTS * np.nan, WEIGHTS, "weights[0, 0] is nan, expected 0.2; all 4 entries differ (case: a case)"),
    ],
)
def test_keeps_asks_for_the_sum_and_for_movement(first, second, message):
    found = keeps([first, second], [question(WEIGHTS), question(WEIGHTS[::-1])], ["weights"], None, SUMS)
    assert (found.message if found else None) == message


def test_an_input_handed_back_has_no_property():
    x = np.array([[3.0, 4.0]])
    questions = [question(x[:, ::-1], inputs={"x": x}), question(2 * x[:, ::-1], inputs={"x": 2 * x})]
    options = {"measure": "norm", "axis": -1, "part": None}
    assert keeps([x[:, ::-1], 2 * x[:, ::-1]], questions, ["y"], None, options) is None
    assert (
        keeps([x, 2 * x], questions, ["y"], None, options).message
        == "your answer is the input x, unchanged (case: a case)"
    )
    assert (
        moves([x, 2 * x], questions, ["y"], None, {}).message == "your answer is the input x, unchanged (case: a case)"
    )


def test_keeps_measures_one_part_by_its_norm():
    turned = np.array([[0.0, 5.0]])
    questions = [question((1.0, np.array([[3.0, 4.0]]))), question((1.0, np.array([[6.0, 8.0]])))]
    options = {"measure": "norm", "axis": -1, "part": 1}
    assert keeps([(0.0, turned), (0.0, 2 * turned)], questions, ["loss", "x"], None, options) is None
    found = keeps([(0.0, 3 * turned), (0.0, turned)], questions, ["loss", "x"], None, options)
    assert found.message == "the norm of x along axis -1 is 15, expected 5 (case: a case)"


def parabola(x, factor=2.0):
    return float((x**2).sum()), factor * x


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (2.0, None),
        (1.0, "along a random direction your value changes at a rate of 8.6, your gradient says 4.3 (case: a case)"),
        (np.nan, "gradient[0] is nan, expected 2; all 3 entries differ (case: a case)"),
    ],
)
def test_slopes_compares_the_gradient_with_the_students_own_value(factor, message):
    x, direction, h = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.15, 1.0]), 1e-5
    answers = [parabola(x, factor), parabola(x + h * direction, factor), parabola(x - h * direction, factor)]
    questions = [question(parabola(x))] * 3
    found = slopes(answers, questions, ["loss", "gradient"], direction, {"h": h})
    assert (found.message if found else None) == message


def test_a_constant_with_a_zero_gradient_has_no_slope_to_show():
    x = np.array([1.0, 2.0])
    found = slopes([(3.0, x * 0)] * 3, [question(parabola(x))] * 3, ["loss", "gradient"], x, {"h": 1e-5})
    assert found.message == "your gradient is zero and your value does not move (case: a case)"


FACTS = (["a", "b", "c", 4], [("a", "b"), ("a", "c"), ("c", 4)])
ORDER = question(["a", "b", "c", 4])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (["a", "b", "c", 4], None),
        (("a", "c", 4, "b"), None),
        (["a", "c", "b", np.array(4)], None),
        (["b", "a", "c", 4], "'b' comes before 'a' in your list, expected after it (case: a case)"),
        (["a", "b", 4], "'c' is missing from your list, expected once (case: a case)"),
        (["a", "b", "b", "c", 4], "'b' is in your list 2 times, expected once (case: a case)"),
        (["a", "b", "c", 4, "d"], "'d' is in your list, and it does not belong there (case: a case)"),
        (
            [4, "c", "b", "a"],
            "'b' comes before 'a' in your list, expected after it; the other way round your list is right (case: a case)",
        ),
        (["a", "b", "c", "4"], "4 is missing from your list, expected once (case: a case)"),
        (["a", ["b"], "b", "c", 4], "['b'] is in your list, and it does not belong there (case: a case)"),
        (None, "order is None, expected 4 values (case: a case)"),
        (np.zeros(4), "order is an array of shape (4,), expected 4 values (case: a case)"),
        ({"a": 1}, "order is a dict, expected 4 values (case: a case)"),
    ],
)
def test_orders_takes_any_order_that_respects_the_pairs(answer, message):
    found = orders([answer], [ORDER], ["order"], FACTS, {})
    assert (found.message if found else None) == message


def test_orders_takes_whole_numbers_as_an_array():
    facts = ([3, 1, 2], [(3, 1)])
    assert orders([np.array([3, 2, 1])], [question([3, 1, 2])], ["order"], facts, {}) is None
    found = orders([np.array([1, 2, 3])], [question([3, 1, 2])], ["order"], facts, {})
    assert found.message == "1 comes before 3 in your list, expected after it (case: a case)"


ROWS, COLUMNS = [[0, 0], [1, 1]], np.array([[1.0, 2.0], [3.0, 4.0], [5.0, -6.0]])


def test_free_signs_turn_together_and_only_together():
    expected = (np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]]), COLUMNS)
    flip = np.array([1.0, -1.0])
    right = turned((expected[0] * flip[:, None], COLUMNS * flip), expected, ROWS)
    assert np.array_equal(right[0], expected[0])
    assert np.array_equal(right[1], COLUMNS)
    apart = turned([expected[0] * flip[:, None], COLUMNS], expected, ROWS)
    assert isinstance(apart, list)
    assert not (np.array_equal(apart[0], expected[0]) and np.array_equal(apart[1], COLUMNS))


def test_a_whole_array_has_one_sign():
    assert np.array_equal(turned(-BEFORE, BEFORE, [[None, None]]), BEFORE)
    assert np.array_equal(turned(BEFORE * [1, 1, -1], BEFORE, [[None, None]]), -BEFORE * [1, 1, -1])


@pytest.mark.parametrize("answer", [None, BEFORE[:2], (BEFORE,), "text", np.array([1, 2, 3]), BEFORE * np.nan])
def test_what_has_another_form_is_not_turned(answer):
    same = turned(answer, BEFORE, [[None, None]])
    assert same is answer or np.isnan(same).all()


SAME, OTHER = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([SAME, SAME, OTHER], ""),
        ([SAME, SAME, [1.0, 5.0, 6.0] + 0 * SAME], ""),  # a list may hold a constant
        ([SAME, SAME, SAME], "another random generator gives the same numbers"),
        ([SAME, OTHER, SAME], "the same random generator gives other numbers the second time"),
        ([SAME, SAME, None], "out is None, expected an array of shape (3,)"),
    ],
)
def test_seeded_asks_for_both_halves(answers, words):
    found = seeded(answers, [question(SAME)] * 3, ["out"], None, {})
    assert found.message.startswith(words) if words else found is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (np.inf, "W[0, 0] is inf, expected a finite number"),
        (-np.inf, "W[0, 0] is -inf, expected a finite number"),
        (np.nan, "W[0, 0] is nan, expected a finite number"),
    ],
)
def test_a_sample_with_a_number_that_is_not_finite_is_told_so(entry, words):
    sample = np.random.default_rng(0).normal(size=(300, 200))
    sample[0, 0] = entry
    found = distributed([sample], [question(np.zeros_like(sample))], ["W"], ["normal", 0.0, 1.0], {})
    assert (found.kind, found.message) == ("nonfinite", f"{words} (case: a case)")


def test_a_whole_number_too_large_for_a_float_has_no_growth():
    from grader.judging.traces import growth

    assert np.isnan(growth([10**400, 1.0]))
    assert growth([1.0, 4.0]) == 4.0
