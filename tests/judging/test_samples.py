"""A right sample is never called wrong, whatever the size; a wrong one of 60 000 entries always is."""

import math

import numpy as np
import pytest

from grader.exercise import normal, uniform
from grader.judging.samples import DELTA, below, landmarks, moments, noise, stray

SHAPE = (400, 150)
S = 0.07
A = S * math.sqrt(3)
SEEDS = range(20)


def truncated(rng, shape, at):
    x = rng.standard_normal(shape)
    while (far := abs(x) > at).any():
        x[far] = rng.standard_normal(far.sum())
    return x / x.std()


RIGHT = {
    "uniform": (uniform(-A, A), lambda rng, shape: rng.uniform(-A, A, shape)),
    "normal": (normal(0, S), lambda rng, shape: rng.normal(0, S, shape)),
    "a sum of normals": (normal(0, S), lambda rng, shape: (rng.normal(size=(2, *shape)) * S / math.sqrt(2)).sum(0)),
    "far from zero": (normal(50, 2), lambda rng, shape: rng.normal(50, 2, shape)),
}


@pytest.mark.parametrize("shape", [SHAPE, (1, 1), (1, 40), (40, 1), (3, 2), (20, 30)])
@pytest.mark.parametrize(("law", "draw"), RIGHT.values(), ids=RIGHT)
def test_a_right_sample_is_never_called_wrong(law, draw, shape):
    count = 20 if shape == SHAPE else 500
    assert {stray(draw(np.random.default_rng(seed), shape), law) for seed in range(count)} == {""}


N, U = normal(0, S), uniform(-A, A)
WRONG = {
    "normal for uniform": (U, lambda rng: rng.normal(0, S, SHAPE), "reaches"),
    "uniform for normal": (N, lambda rng: rng.uniform(-A, A, SHAPE), "never goes beyond 1.73"),
    "truncated at 2": (N, lambda rng: S * truncated(rng, SHAPE, 2), "never goes beyond 2.2"),
    "truncated at 3": (N, lambda rng: S * truncated(rng, SHAPE, 3), "never goes beyond 3.0"),
    "root two too wide": (N, lambda rng: rng.normal(0, S * math.sqrt(2), SHAPE), "has a standard deviation of 0.09"),
    "root two too narrow": (U, lambda rng: rng.uniform(-A, A, SHAPE) / math.sqrt(2), "has a standard deviation of 0.04"),
    "5 % wider": (N, lambda rng: rng.normal(0, S * 1.05, SHAPE), "has a standard deviation of 0.07"),
    "400 times too wide": (N, lambda rng: rng.normal(0, S * 400, SHAPE), "has a standard deviation of 2"),
    "a law from 0": (U, lambda rng: rng.uniform(0, 2 * A, SHAPE), "has a mean of 0.1"),
    "two points": (U, lambda rng: rng.choice([-S, S], SHAPE), "repeats the same numbers"),
    "a triangle as wide": (N, lambda rng: S * math.sqrt(1.5) * rng.uniform(-1, 1, (2, *SHAPE)).sum(0), "never goes beyond"),
    "a Laplace law": (N, lambda rng: rng.laplace(0, S / math.sqrt(2), SHAPE), "has the spread of a normal law, but not"),
    "a square wave's arcs": (U, lambda rng: A * np.sin(rng.uniform(-1.2, 1.2, SHAPE)) * 0.9, ""),
    "one row again and again": (N, lambda rng: np.tile(rng.normal(0, S, 150), (400, 1)), ""),
    "rows of one direction": (
        N,
        lambda rng: S * rng.choice([-1, 1], (400, 1)) * np.abs(rng.normal(size=150)) * (1 + 1e-9 * rng.random(SHAPE)),
        "",
    ),
    "columns in pairs": (
        N,
        lambda rng: np.repeat(rng.normal(0, S, (400, 75)), 2, axis=1) * (1 + 1e-9 * rng.random(SHAPE)),
        "has columns that depend on each other",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("law", "draw", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_sample_is_always_found(law, draw, words):
    for seed in SEEDS:
        found = stray(draw(np.random.default_rng(seed)), law)
        assert found
        assert found.startswith(words)


def test_the_distribution_functions_are_right():
    x = np.array([-1.0, 0.0, 0.3, 2.0])
    assert below(x, uniform(-1, 1)) == pytest.approx([0, 0.5, 0.65, 1])
    assert below(x, normal(0, 1)) == pytest.approx([0.15865525393, 0.5, 0.6179114222, 0.977249868])
    assert moments(uniform(2, 8)) == pytest.approx((5, math.sqrt(3)))


def test_all_claims_together_fail_a_right_sample_less_than_once_in_a_thousand_million():
    assert 6 * DELTA < 1e-9


def test_landmarks_of_one_law_agree_and_tell_laws_apart():
    marks = [landmarks(np.random.default_rng(seed).normal(0, S, SHAPE), N) for seed in SEEDS]
    flat = landmarks(np.random.default_rng(0).uniform(-A, A, SHAPE), N)
    assert max(np.abs(a - b).max() for a in marks for b in marks) < noise(60_000) / 2
    assert min(np.abs(a - flat).max() for a in marks) > 2 * noise(60_000)


def test_the_table_of_the_normal_law_is_right_to_twelve_digits():
    from grader.judging.samples import below

    rng = np.random.default_rng(0)
    z = np.concatenate([rng.uniform(-10, 10, 20_000), rng.normal(size=20_000), [-40, -9, 0, 9, 40, np.inf, -np.inf]])
    right = np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in z])
    assert np.abs(below(3 + 2 * z, ("normal", 3, 2)) - right).max() < 2e-12
    assert np.isnan(below(np.array([np.nan]), ("normal", 0, 1))).all()
