"""Signs that are free turn to the expected ones, together where they belong together."""

import numpy as np
import pytest

from grader.judging.compare import turned

BEFORE = np.array([1.0, 2.0, 3.0])
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
