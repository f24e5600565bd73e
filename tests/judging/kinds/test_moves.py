"""`moves`: both halves, what must move and what must stay."""

import numpy as np
import pytest
from asked import decided, question

BEFORE, AFTER = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 9.0])
MOVES = [question(BEFORE), question(AFTER)]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (BEFORE, AFTER, None),
        (BEFORE + 5, AFTER + 7 * (BEFORE == 3) + 5, None),  # wrong values, but they stay and move where they should
        (BEFORE, BEFORE, "your answer does not change, but it must (case: a case)"),
        (np.zeros(3), np.zeros(3), "your answer does not change, but it must (case: a case)"),
        (BEFORE, AFTER + [0.5, 0, 0], "out[0] must not change, but it changes from 1 to 1.5 (case: a case)"),
        (BEFORE, np.array([np.nan, 2, 9]), "out[0] is nan, expected 1; 1 of 3 entries differ (case: a case)"),
        (BEFORE[:2], AFTER[:2], "out has shape (2,), expected (3,) (case: a case)"),
        (None, AFTER, "out is None, expected an array of shape (3,); is a `return` missing? (case: a case)"),
    ],
)
def test_moves_asks_for_both_halves(first, second, message):
    found = decided("moves", [first, second], MOVES, ["out"])
    assert (found.message if found else None) == message


def test_moves_works_for_booleans():
    before, after = np.array([True, False]), np.array([True, True])
    questions = [question(before, tolerance=0.0), question(after, tolerance=0.0)]
    assert decided("moves", [before, after], questions, ["mask"]) is None
    assert decided("moves", [before, ~after], questions, ["mask"]).message.startswith("mask[0] must not change")
