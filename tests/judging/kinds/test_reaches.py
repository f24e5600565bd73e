"""`reaches`: a bar may have two sides, and what misses it is told both."""

import numpy as np
import pytest
from asked import decided, question

from grader.authoring.runs import Scores
from grader.judging.kinds.reaches import Options, reaches
from grader.judging.metrics import goals_reached

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
    ("metric", "bar", "words"),
    [
        ("accurracy", {"at_least": 0.9}, "reaches has no metric 'accurracy'; did you mean accuracy"),
        ("mse", {"at_most": 0.1}, "reaches has no metric 'mse'; there is accuracy, mean_squared_error, "),
        ("accuracy", {}, "'is good' has no bar: write at_least=… or at_most=…"),
    ],
)
def test_an_author_is_told_which_metrics_there_are(metric, bar, words):
    with pytest.raises(ValueError, match=words):
        reaches(1, "is good", metric, **bar)


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


def test_a_start_reaches_the_goal_if_its_walk_does():
    """Walks of 20 steps, one after another: on where the action leads on, else back, and at the first cell nowhere."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        truth = rng.integers(0, 2, (2, 9))
        actions = np.where(rng.random((2, 9)) < 0.8, truth, 1 - truth)
        arrived = 0
        for row, start in np.ndindex(2, 9):
            cell = start
            for _ in range(20):
                if cell < 9:
                    cell = cell + 1 if actions[row, cell] == truth[row, cell] else max(cell - 1, 0)
            arrived += cell == 9
        assert goals_reached(actions, truth) == arrived / 18


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ([(1, 7)], "In corridor 2 walks turn back in cell 7."),
        ([(0, 2), (0, 5), (0, 8)], "In corridor 1 walks turn back in the cells 2, 5 and 8."),
        (None, "The same action is taken in every cell, and which one leads on differs from cell to cell."),
    ],
)
def test_who_misses_the_goal_is_told_where_the_walks_turn_back(wrong, hint):
    truth = np.array([[0, 1, 1, 0, 1, 0, 0, 1, 1], [1, 0, 0, 1, 0, 1, 1, 0, 1]])
    actions = truth.copy() if wrong else np.zeros_like(truth)
    for place in wrong or ():
        actions[place] = 1 - actions[place]
    found = decided("reaches", [actions], [question(truth)], ["actions"], options=Options("goals_reached", 0.95, None))
    assert found.hint == hint
    assert found.message.startswith("share of starts that reach the goal ")
