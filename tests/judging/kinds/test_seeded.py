"""`seeded`: one generator, and nothing else."""

import numpy as np
import pytest
from asked import decided, question

from grader.exercise import Exercise, categorical, seeded

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
    found = decided("seeded", answers, [question(SAME)] * 3, ["out"])
    assert found.message.startswith(words) if words else found is None


def test_a_check_that_would_ask_nothing_and_give_its_points_away_is_refused():
    """A sample has no one right answer, so that a check which names no case has none."""
    checks = [categorical(1, "draws", lambda inputs: [0.5, 0.5], on="coins"), seeded(1, "draws from rng")]
    with pytest.raises(ValueError, match=r"check 'draws from rng' asks no question.*on='coins'"):
        Exercise(cases={"coins": dict}, checks=checks, mistakes=[], hints=[], points=2)
