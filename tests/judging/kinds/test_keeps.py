"""`keeps`: a sum or a norm along an axis, and movement."""

import numpy as np
import pytest
from asked import decided, question

from grader.judging.kinds.keeps import Options, keeps

WEIGHTS = np.array([[0.2, 0.8], [0.5, 0.5]])
SUMS = Options("sum", -1, None)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (WEIGHTS, WEIGHTS[::-1], None),
        (np.array([[0.9, 0.1], [0.3, 0.7]]), WEIGHTS, None),
        (
            np.full((2, 2), 0.5),
            np.full((2, 2), 0.5),
            "weights does not change with the input, but it must (case: a case)",
        ),
        (WEIGHTS.T, WEIGHTS, "the sum of weights along axis -1 is 0.7, expected 1 (case: a case)"),
        (WEIGHTS * np.nan, WEIGHTS, "weights[0, 0] is nan, expected 0.2; all 4 entries differ (case: a case)"),
    ],
)
def test_keeps_asks_for_the_sum_and_for_movement(first, second, message):
    found = decided("keeps", [first, second], [question(WEIGHTS), question(WEIGHTS[::-1])], ["weights"], None, SUMS)
    assert (found.message if found else None) == message


def test_an_input_handed_back_has_no_property():
    x = np.array([[3.0, 4.0]])
    questions = [question(x[:, ::-1], inputs={"x": x}), question(2 * x[:, ::-1], inputs={"x": 2 * x})]
    options = Options("norm", -1, None)
    assert decided("keeps", [x[:, ::-1], 2 * x[:, ::-1]], questions, ["y"], None, options) is None
    assert (
        decided("keeps", [x, 2 * x], questions, ["y"], None, options).message
        == "your answer is the input x, unchanged (case: a case)"
    )
    assert (
        decided("moves", [x, 2 * x], questions, ["y"]).message == "your answer is the input x, unchanged (case: a case)"
    )


def test_keeps_measures_one_part_by_its_norm():
    turned = np.array([[0.0, 5.0]])
    questions = [question((1.0, np.array([[3.0, 4.0]]))), question((1.0, np.array([[6.0, 8.0]])))]
    options = Options("norm", -1, 1)
    assert decided("keeps", [(0.0, turned), (0.0, 2 * turned)], questions, ["loss", "x"], None, options) is None
    found = decided("keeps", [(0.0, 3 * turned), (0.0, turned)], questions, ["loss", "x"], None, options)
    assert found.message == "the norm of x along axis -1 is 15, expected 5 (case: a case)"


def test_an_author_is_told_which_measures_there_are():
    with pytest.raises(ValueError, match="keeps has no measure 'trace'; there is sum, norm"):
        keeps(1, "has trace 1", "trace", change=lambda inputs, draw: inputs)
