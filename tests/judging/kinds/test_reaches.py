"""`reaches`: a bar may have two sides, and what misses it is told both."""

import numpy as np
import pytest
from asked import decided, question

from grader.authoring.runs import Scores
from grader.judging.kinds.reaches import Options

TRUTH = np.log(np.array([[0.5, 0.25], [0.5, 0.125]]))
BOTH = Options("relative_cross_entropy", 0.98, 1.03)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (1.0, None),
        (1.02, None),
        (0.99, None),
        (1.05, "105.0% on held-back inputs; it must be at least 98.0% and at most 103.0% (case: a case)"),
        (0.5, "50.0% on held-back inputs; it must be at least 98.0% and at most 103.0% (case: a case)"),
    ],
)
def test_a_bar_with_two_sides_is_missed_on_either(times, message):
    found = decided("reaches", [times * TRUTH], [question(TRUTH)], ["log_probabilities"], options=BOTH)
    said = "cross entropy, relative to that of the law itself, "
    assert (found.message if found else None) == (said + message if message else None)


def test_what_is_better_than_the_law_itself_is_asked_what_it_has_seen():
    above, below = (
        decided("reaches", [times * TRUTH], [question(TRUTH)], ["log_probabilities"], options=BOTH).hint
        for times in (1.05, 0.5)
    )
    assert (above, "can a token see those after it" in below) == ("", True)


@pytest.mark.parametrize(
    ("options", "worst", "best", "bar"),
    [
        (BOTH, "99.0%", "95.0%", "≥ 98.0% ≤ 103.0%"),
        (Options("relative_cross_entropy", None, 1.03), "100.5%", "20.0%", "≤ 103.0%"),
        (Options("relative_cross_entropy", 0.98, None), "99.0%", "107.0%", "≥ 98.0%"),
    ],
)
def test_the_worst_and_the_best_of_a_run_are_told_by_what_its_bar_asks(options, worst, best, bar):
    scores = Scores(options.metric, options, [0.99, 1.005, float("nan")], [0.95, 1.07, 0.2])
    assert (scores.worst, scores.best, scores.bar) == (worst, best, bar)
