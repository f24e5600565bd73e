"""Decide whether an array is a sample of independent draws from a given law, from the sample alone.

A law is a probability distribution: ("normal", mean, standard deviation) or ("uniform", low, high). Six claims are
tested. A right sample fails each with probability at most DELTA, whatever the number n of entries, so all of them with
less than 1e-9. The bounds are proven, not asymptotic. With s the law's standard deviation:

- the mean: normal and uniform laws are sub-Gaussian with proxy s², so P(|mean − m| > t·s/√n) ≤ 2·exp(−t²/2);
- the mean square about m, in units of s²: for a normal law Laurent and Massart bound its distance to 1 by
  2·√(x/n) + 2·x/n, for a uniform one it lies in [0, 3] and Hoeffding bounds it by 3·√(x/(2n)), x = ln(2/DELTA) in both;
- the extremes: a uniform sample never leaves its bounds; the largest of n normal numbers stays below the quantile q
  with P(|Z| ≤ q)ⁿ = DELTA with probability DELTA, which a truncated normal always does once n is large;
- the distribution: Dvoretzky, Kiefer, Wolfowitz and Massart bound the distance of the empirical from the true
  distribution function, P(D > d) ≤ 2·exp(−2·n·d²);
- independence of rows, and of columns: given row j, its product with row i is sub-Gaussian with proxy s²·|row j|², so
  that each of P pairs exceeds z·s·|row j| with probability at most 2·exp(−z²/2); z makes P times that DELTA.

Repeated entries: 53 random bits repeat among n = 60 000 with probability 2e-7, a hundredth of all entries never.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np

DELTA = 1e-10  # of each claim
LN = math.log(2 / DELTA)  # 23.7
REPEATED = 0.01  # of the entries
LANDMARKS = np.array([-2.0, -1.5, -1.0, -0.5, -0.1, 0.1, 0.5, 1.0, 1.5, 1.8, 2.0, 2.5])  # in standard deviations
POINTWISE = 7  # standard deviations: two samples of one law differ by more at a landmark once in 4e11 times


def stray(sample: np.ndarray, law: Sequence) -> str:
    """A clause that says why a 2-D array is not a sample of independent draws from a law; empty if it may be one."""
    mean, std = moments(law)
    x, n = sample.ravel(), sample.size
    if not np.isfinite(x).all():
        return "holds nan or inf"
    if n - len(np.unique(x)) > max(REPEATED * n, 1):
        return "repeats the same numbers: every entry is to be drawn anew"
    bound = math.sqrt(2 * LN / n)  # of the mean, in standard deviations
    is_off = abs(x.mean() - mean) > std * bound
    spread = math.sqrt(((x - mean) ** 2).mean())
    is_as_wide = abs((spread / std) ** 2 - 1) <= max(2 * math.sqrt(LN / n) + 2 * LN / n, 3 * math.sqrt(LN / (2 * n)))
    if is_off and (is_as_wide or abs(x.mean() - mean) > x.std() * bound):  # else the spread alone has moved it
        return f"has a mean of {x.mean():.4g}, expected {_near(mean)}"
    if not is_as_wide:
        return f"has a standard deviation of {spread:.4g}, expected {_near(std)}"
    return _of_extremes(x, law) or _of_shape(x, law) or _of_rows(sample - mean, std)


def landmarks(sample: np.ndarray, law: Sequence) -> np.ndarray:
    """The share of a sample below each of a few fixed marks; samples of one law agree to within `noise(n)`."""
    mean, std = moments(law)
    return (sample.ravel()[:, None] <= mean + std * LANDMARKS).mean(axis=0)


def noise(n: int) -> float:
    """How far the landmarks of two samples of n entries may differ: a share p has variance p·(1 − p)/n ≤ 1/(4n)."""
    return POINTWISE * math.sqrt(2 * 0.25 / n)


def moments(law: Sequence) -> tuple[float, float]:
    """The mean and the standard deviation of a law."""
    kind, a, b = law
    return ((a + b) / 2, (b - a) / math.sqrt(12)) if kind == "uniform" else (a, b)


def below(x: np.ndarray, law: Sequence) -> np.ndarray:
    """The law's cumulative distribution function at x."""
    kind, a, b = law
    if kind == "uniform":
        return np.clip((x - a) / (b - a), 0, 1)
    return _standard_normal_below((x - a) / b)


STEP, EDGE = 2.0**-8, 9.0  # of the table below; beyond its edges the normal law has 1e-19 left


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """The standard normal law's distribution function and density, from -EDGE to EDGE in steps of STEP."""
    z = np.arange(-EDGE, EDGE + STEP / 2, STEP)
    return np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in z]), np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _standard_normal_below(z: np.ndarray) -> np.ndarray:
    """The standard normal law's distribution function, to 1e-12: between the points of a table by cubic polynomials.

    `math.erfc` takes numbers one by one, which for the samples of one exercise was a fifth of a submission's time.
    """
    values, slopes = _table()
    place = (np.clip(np.nan_to_num(z), -EDGE, EDGE) + EDGE) / STEP
    left = np.minimum(place.astype(int), len(values) - 2)
    t, s = place - left, 1 - (place - left)
    rise = STEP * t * s * (s * slopes[left] - t * slopes[left + 1])
    return np.where(
        np.isnan(z), np.nan, s * s * (1 + 2 * t) * values[left] + t * t * (1 + 2 * s) * values[left + 1] + rise
    )


def _of_extremes(x: np.ndarray, law: Sequence) -> str:
    kind, a, b = law
    if kind == "uniform":
        slack = 1e-12 * (b - a)  # the ends themselves may be rounded
        outside = x[(x < a - slack) | (x > b + slack)]
        return f"reaches {outside[0]:.4g}, beyond [{a:.4g}, {b:.4g}]" if outside.size else ""
    largest = float(np.abs(x - a).max()) / b
    inside = max(math.erf(largest / math.sqrt(2)), 1e-300)
    is_short = len(x) * math.log(inside) < math.log(DELTA)
    return f"never goes beyond {largest:.2f} standard deviations: are its tails cut off?" if is_short else ""


def _of_shape(x: np.ndarray, law: Sequence) -> str:
    n = len(x)
    true = below(np.sort(x), law)
    steps = np.arange(n + 1) / n
    distance = max(np.abs(true - steps[1:]).max(), np.abs(true - steps[:-1]).max())
    return "" if distance <= math.sqrt(LN / (2 * n)) else f"has the spread of a {law[0]} law, but not its shape"


def _of_rows(centred: np.ndarray, std: float) -> str:
    for name, rows in (("rows", centred), ("columns", centred.T)):
        pairs = len(rows) * (len(rows) - 1) / 2
        if not pairs:
            continue
        z = math.sqrt(2 * math.log(2 * pairs / DELTA))
        products = np.abs(rows @ rows.T) / (std * np.linalg.norm(rows, axis=1) + 1e-300)
        if (np.tril(products, -1) > z).any():
            return f"has {name} that depend on each other: every entry is to be drawn by itself"
    return ""


def _near(number: float) -> str:
    return f"about {number:.4g}"
