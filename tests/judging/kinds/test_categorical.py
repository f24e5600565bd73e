"""`categorical`: no right sampler is called wrong, whatever the size; known wrong ones are, and an odd answer gets a word."""

import math

import numpy as np
import pytest
from asked import decided, question
from odd import ODD

from grader.authoring.proof import prove
from grader.course.unit import Unit
from grader.exercise import categorical
from grader.judging.kinds.categorical import DELTA, _divergence, _equal_at_each_lag, trace
from grader.judging.kinds.kind import NoOptions

N = 60_000


def spread(K):
    """K probabilities that all differ, one in three of them 0."""
    p = np.arange(1.0, K + 1) * (np.arange(K) % 3 != 1)
    return p / p.sum()


LAWS = {
    "one of one": np.ones(1),
    "a coin": np.array([0.5, 0.5]),
    "a rare event": np.array([1 - 1e-4, 1e-4]),
    "nothing but the last": np.array([0.0, 0.0, 1.0]),
    "ten, some of them impossible": spread(10),
    "fifty alike": np.full(50, 0.02),
    "fifty, some of them impossible": spread(50),
}
RIGHT = {
    "choice": lambda rng, p, n: rng.choice(len(p), n, p=p),
    "the inverse of the distribution function": lambda rng, p, n: np.searchsorted(np.cumsum(p)[:-1], rng.random(n), "right"),
    "Gumbel's maximum": lambda rng, p, n: np.argmax(_log(p) + rng.gumbel(size=(n, len(p))), axis=1),
}  # fmt: skip


def _log(p):
    with np.errstate(divide="ignore"):
        return np.log(p)


def found(answer, p):
    return decided("categorical", [answer], [question(np.zeros(np.shape(answer), int))], ["tokens"], p)


@pytest.mark.parametrize("p", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("draw", RIGHT.values(), ids=RIGHT)
def test_a_right_sample_is_never_called_wrong(draw, p):
    for n, seeds in {1: 200, 2: 200, 7: 200, 50: 200, 1000: 40, N: 2}.items():
        for seed in range(seeds):
            assert found(draw(np.random.default_rng(seed), p, n), p) is None, (n, seed)


def test_a_right_sample_may_be_a_list_an_array_with_axes_and_of_any_width():
    p, rng = spread(10), np.random.default_rng(0)
    assert decided("categorical", [rng.choice(10, 90, p=p).tolist()], [question(np.zeros(90, int))], ["x"], p) is None
    assert found(rng.choice(10, (30, 40), p=p), p) is None
    assert found(rng.choice(10, 500, p=p).astype(np.uint8), p) is None


def systematic(rng, p, n):
    return np.searchsorted(np.cumsum(p)[:-1], (np.arange(n) + rng.random()) / n, "right")


ALIKE, TEN, GAP = np.full(50, 0.02), spread(10), np.array([0.5, 0.0, 0.5])
DEPEND = "tokens has draws that depend on each other: an entry equals "
WRONG = {
    "the likeliest always": (TEN, lambda rng, n: np.full(n, TEN.argmax()), "tokens holds 9 in 1 of its 60000 entries"),
    "all alike": (GAP, lambda rng, n: rng.integers(0, 3, n), "tokens holds 1, whose probability is 0"),
    "all possible ones alike": (TEN, lambda rng, n: rng.choice(np.flatnonzero(TEN), n), "tokens holds 0 in 0.1"),
    "counted from 1": (TEN, lambda rng, n: rng.choice(10, n, p=TEN) + 1, "tokens holds 10, expected whole numbers from 0 to 9"),
    "one before": (TEN, lambda rng, n: rng.choice(10, n, p=TEN) - 1, "tokens holds -1, expected whole numbers from 0 to 9"),
    "a half for 0.56": (LAWS["a coin"], lambda rng, n: (rng.random(n) < 0.56).astype(int), "tokens holds "),
    "sorted": (TEN, lambda rng, n: np.sort(rng.choice(10, n, p=TEN)), DEPEND + "its neighbour 59993 of 59999 times"),
    "a cycle": (ALIKE, lambda rng, n: np.arange(n) % 50, DEPEND + "the one 50 places on 59950 of 59950 times"),
    "one draw again and again": (ALIKE, lambda rng, n: np.repeat(rng.integers(0, 50), n), "tokens holds"),
    "each draw twice": (TEN, lambda rng, n: np.repeat(rng.choice(10, n // 2, p=TEN), 2), DEPEND + "its neighbour"),
    "a thousand draws again and again": (
        TEN, lambda rng, n: np.tile(rng.choice(10, n // 10, p=TEN), 10), DEPEND + "the one 6000 places on 54000 of 54000",
    ),
    "never the same twice": (
        ALIKE, lambda rng, n: np.cumsum(rng.integers(1, 50, n)) % 50, DEPEND + "its neighbour 0 of 59999 times",
    ),
    "systematic resampling": (TEN, lambda rng, n: systematic(rng, TEN, n), DEPEND + "its neighbour"),
    "systematic resampling, shuffled": (TEN, lambda rng, n: rng.permutation(systematic(rng, TEN, n)), "tokens holds every number"),
    "dealt out and shuffled": (ALIKE, lambda rng, n: rng.permutation(np.arange(n) % 50), "tokens holds every number"),
}  # fmt: skip


@pytest.mark.parametrize(("p", "draw", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_sample_of_60000_is_always_found(p, draw, words):
    for seed in range(3):
        finding = found(draw(np.random.default_rng(seed), N), p)
        assert finding
        assert finding.kind == "value"
        assert finding.message.startswith(words)


def test_ten_thousand_draws_tell_a_half_from_0_56():
    assert all(
        found((np.random.default_rng(seed).random(10_000) < 0.56).astype(int), np.ones(2) / 2) for seed in range(50)
    )


def test_fifty_draws_without_replacement_are_found():
    assert found(np.random.default_rng(0).permutation(50), ALIKE).message.startswith(
        "tokens holds every number as often"
    )


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (np.zeros(9, int), "shape", "tokens have shape (9,), expected (10,)"),
        (np.zeros(10), "dtype", "tokens are float64, expected integer"),
        (np.full(10, np.nan), "dtype", "tokens are float64, expected integer"),
        (np.zeros(10, bool), "dtype", "tokens are bool, expected integer"),
        (None, "type", "tokens are None, expected an array of shape (10,); is a `return` missing?"),
    ],
)
def test_another_form_is_told_first(answer, kind, words):
    finding = decided("categorical", [answer], [question(np.zeros(10, int))], ["tokens"], TEN)
    assert (finding.kind, finding.message) == (kind, f"{words} (case: a case)")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_gets_a_word_and_a_trace(name):
    assert decided("categorical", [ODD[name]], [question(np.zeros(40, int))], ["tokens"], TEN)
    trace([ODD[name]], TEN, NoOptions())


def test_the_three_claims_together_fail_a_right_sample_less_than_once_in_a_thousand_million():
    assert 3 * DELTA < 1e-9


@pytest.mark.parametrize(("n", "p"), [(12, 0.3), (40, 0.02), (9, 0.5)])
def test_the_exponent_bounds_the_exact_binomial_tails(n, p):
    pmf = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    for k in range(n + 1):
        tail = sum(pmf[k:]) if k >= n * p else sum(pmf[: k + 1])
        assert tail <= math.exp(-n * _divergence(np.array([k / n]), np.array([p]))[0]) * (1 + 1e-12)


def test_equal_pairs_are_counted_at_every_lag():
    x = np.random.default_rng(0).integers(0, 4, 101)
    by_hand = [(x[lag:] == x[: len(x) - lag]).sum() for lag in range(len(x))]
    assert _equal_at_each_lag(x, 4).tolist() == by_hand


@pytest.mark.parametrize("p", [[0.5, 0.4], [1.5, -0.5], [], [[1.0]], [np.nan, 1.0]])
def test_probabilities_that_are_none_are_told_to_the_author(p):
    check = categorical(1, "draws tokens", probabilities=lambda inputs: p, on="ten")
    with pytest.raises(ValueError, match="the probabilities of 'draws tokens' must be a list of numbers from 0 on"):
        check.facts({}, None)


UNIT = {
    "tokens.py": '''"""Tokens: drawing."""

import numpy as np


def sample(logits, n, rng):
    """Draw n tokens with softmax probabilities.

    logits (K,), n, rng -> tokens (n,)
    """
    p = np.exp(logits - logits.max())
    return rng.choice(len(p), n, p=p / p.sum())
''',
    "checks.py": '''import numpy as np

from grader.exercise import Exercise, Mistake, categorical, edit, seeded

CASES = {"many": lambda draw: dict(logits=draw(7), n=20000, rng=draw.generator())}


def softmax(inputs):
    p = np.exp(inputs["logits"])
    return p / p.sum()


sample = Exercise(
    points=3,
    cases=CASES,
    checks=[categorical(2, "draws", probabilities=softmax, on="many"), seeded(1, "takes rng", on="many")],
    mistakes=[
        Mistake("greedy", "This is the likeliest.", edit("rng.choice(len(p), n, p=p / p.sum())", "np.full(n, p.argmax())")),
        Mistake("alike", "All are alike.", edit(", p=p / p.sum())", ")")),
        Mistake("one", "These count from one.", edit("rng.choice(len(p), n, p=p / p.sum())", "1 + rng.choice(len(p), n, p=p / p.sum())")),
        Mistake("sorted", "These are sorted.", edit("rng.choice(len(p), n, p=p / p.sum())", "np.sort(rng.choice(len(p), n, p=p / p.sum()))")),
    ],
    hints=["What is asked?", "Look at the formula."],
)
''',
    "oracles.py": '''import numpy as np


def sample(logits, n, rng):
    return np.argmax(logits + rng.gumbel(size=(n, len(logits))), axis=1)
''',
    "rewrites.py": '''import numpy as np


def sample__by_inverse(logits, n, rng):
    p = np.exp(logits)
    return [int(k) for k in np.searchsorted(np.cumsum(p / p.sum())[:-1], rng.random(n))]
''',
    "handout.md": "Tokens.\n\n## sample\n\nDraw.\n",
}  # fmt: skip


def test_an_exercise_with_it_holds_every_rule(tmp_path):
    for name, text in UNIT.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert prove(Unit("tokens", tmp_path), "sample", range(3)).failures == []


def test_an_oracle_that_raises_is_told_by_its_exception(tmp_path):
    for name, text in UNIT.items():
        (tmp_path / name).write_text(text.replace("rng.gumbel", "rng.gumble"), encoding="utf-8")
    failures = prove(Unit("tokens", tmp_path), "sample", range(1)).failures
    assert "rule 1: the oracle does not hold 'draws': sample raises AttributeError (seed 0)" in failures
