"""`categorical`: the answer's whole numbers are independent draws, each with a given probability.

With n draws, K categories and probabilities p, four claims are tested. A right sample never breaks the first, and each of the
others with probability at most DELTA = 1e-10: 3e-10 together, less than once in 10⁹ times. The bounds are proven, not asymptotic.
KL(q‖p) = q·ln(q/p) + (1−q)·ln((1−q)/(1−p)) is Chernoff's exponent: a binomial share of m is at q or beyond, on one side
of p, with probability at most exp(−m·KL(q‖p)).

- range: every number is one of 0 … K−1, and none has the probability 0;
- shares: the count of category k is binomial, so n·KL(share‖pₖ) exceeds ln(2K/DELTA) with probability at most DELTA/K;
- independence: n−L pairs lie L apart, and a pair is equal with probability s = Σpₖ². Pairs that share a draw form paths, so
  two sets of independent pairs make up all of them, and the exponent holds with half of the pairs (Janson 2004): for none
  of the n−1 lags, to either side, does (n−L)/2·KL(share‖s) exceed ln(2n/DELTA), but with probability DELTA. It sees what is
  sorted, goes in a cycle, or comes twice;
- chance: that every count is n·pₖ rounded up or down has at most the probability of the likeliest such counts times their
  number, 2 to the number of fractional n·pₖ less one. Where that is below DELTA, such counts were dealt out, not drawn.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.judging.describing import describe, named
from grader.judging.forms import in_case
from grader.judging.kinds.kind import Cases, Check, Driver, Kind, labels
from grader.judging.rules import no_sample
from grader.judging.samples import DELTA, noise
from grader.key import Question
from grader.report import Finding
from grader.sandbox.wire import Opaque


def categorical(
    points: int,
    claim: str,
    probabilities: Callable[[Inputs], Sequence[float]],
    on: str | Sequence[str],
    driver: Driver | None = None,
) -> Check:
    """The answer's entries are independent draws of 0 … K−1 with the K `probabilities(inputs)`, which add up to 1.

    Any sampler will do: only the sample itself is judged, and a right one fails once in 10⁹ times. Some 10 000 draws tell a
    probability of a half from one of 0.56. An array of n draws is expected where the reference gives one.

        def softmax(inputs):
            weights = np.exp(inputs["logits"] / inputs["temperature"])
            return weights / weights.sum()

        categorical(2, "draws each token with its probability", probabilities=softmax, on="ten thousand tokens")
    """

    def facts(inputs: Inputs, draw: Any) -> np.ndarray:
        p = np.array(probabilities(inputs), float)
        if p.ndim != 1 or not p.size or not (p >= 0).all() or not abs(p.sum() - 1) < 1e-9:
            raise ValueError(f"the probabilities of {claim!r} must be a list of numbers from 0 on that add up to 1")
        return p / p.sum()

    return Check(claim, points, KIND, labels(on), facts=facts, driver=driver)


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    if found := no_sample(answers, questions, names):
        return found
    (answer,), (question,) = answers, questions
    x = np.asarray(answer).ravel()
    clause = _range(x, facts) or _shares(x, facts) or _independence(x, facts) or _chance(x, facts) if x.size else ""
    return Finding("value", f"{named((), names)} {clause} ({in_case(question)})") if clause else None


def trace(answers: list, facts: Any, options: Any) -> Any:
    """The sample's shape, each category's share and that of all else, and the share of equal neighbours."""
    (answer,) = answers
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "iu" or not answer.size:
        return Opaque(describe(answer))
    x, K = answer.ravel(), len(facts)
    inside = x[(x >= 0) & (x < K)].astype(np.int64)
    shares = np.append(np.bincount(inside, minlength=K), x.size - inside.size) / x.size
    return [*answer.shape, np.append(shares, (x[1:] == x[:-1]).mean() if x.size > 1 else 0.0)]


def _range(x: np.ndarray, p: np.ndarray) -> str:
    outside = x[(x < 0) | (x >= len(p))]
    if outside.size:
        return f"holds {outside[0]}, expected whole numbers from 0 to {len(p) - 1}"
    impossible = x[p[x] == 0]
    return f"holds {impossible[0]}, whose probability is 0" if impossible.size else ""


def _shares(x: np.ndarray, p: np.ndarray) -> str:
    share = np.bincount(x.astype(np.int64), minlength=len(p)) / x.size
    excess = x.size * _divergence(share, p)
    k = int(np.argmax(excess))
    if excess[k] <= math.log(2 * len(p) / DELTA):
        return ""
    return f"holds {k} in {share[k]:.4g} of its {x.size} entries, expected about {p[k]:.4g}"


def _independence(x: np.ndarray, p: np.ndarray) -> str:
    n = x.size
    pairs = np.arange(n - 1, 0, -1)
    equal = _equal_at_each_lag(x, len(p))[1:]
    excess = pairs / 2 * _divergence(equal / pairs, np.full(n - 1, (p**2).sum()))
    if not n > 1 or excess.max() <= math.log(2 * n / DELTA):
        return ""
    lag = int(np.argmax(excess)) + 1
    where = "its neighbour" if lag == 1 else f"the one {lag} places on"
    times = f"{equal[lag - 1]} of {pairs[lag - 1]} times, expected about {pairs[lag - 1] * (p**2).sum():.4g}"
    return f"has draws that depend on each other: an entry equals {where} {times}"


def _equal_at_each_lag(x: np.ndarray, K: int) -> np.ndarray:
    """How many pairs of equal entries lie 0, 1, … n−1 places apart: the autocorrelation of each category's places."""
    size = 1 << (2 * x.size - 1).bit_length()
    power = sum(np.abs(np.fft.rfft(x == k, size)) ** 2 for k in range(K) if (x == k).any())
    return np.rint(np.fft.irfft(power, size)[: x.size]).astype(np.int64)


def _chance(x: np.ndarray, p: np.ndarray) -> str:
    count, mean = np.bincount(x.astype(np.int64), minlength=len(p)), x.size * p
    mean = np.where(np.abs(mean - np.rint(mean)) < 1e-6, np.rint(mean), mean)  # 50 · 0.02 is 1 but for rounding
    rounded = np.stack([np.floor(mean), np.ceil(mean)])
    if not (count == rounded).any(axis=0).all():
        return ""
    logs = [max(_log_weight(c, q) for c in set(pair)) for pair, q in zip(rounded.T.tolist(), p.tolist(), strict=True)]
    vectors = max(int((rounded[0] != rounded[1]).sum()) - 1, 0) * math.log(2)
    if math.lgamma(x.size + 1) + sum(logs) + vectors > math.log(DELTA):
        return ""
    return "holds every number as often as it is expected, to the last one: that is dealt out, each must be drawn by itself"


def _log_weight(count: float, p: float) -> float:
    """ln(p^count / count!), a factor of the multinomial probability."""
    return (count * math.log(p) if count else 0.0) - math.lgamma(count + 1)


def _divergence(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """KL(q‖p) of two coins, entry by entry; infinite where q has what p cannot have."""
    with np.errstate(all="ignore"):
        heads = np.where(q > 0, q * np.log(q / p), 0.0)
        tails = np.where(q < 1, (1 - q) * np.log((1 - q) / (1 - p)), 0.0)
    return np.maximum(heads + tails, 0.0)


KIND = Kind(
    "categorical",
    decide,
    cases=Cases.OPEN,
    has_one_answer=False,
    trace=trace,
    spread=lambda expected: [noise(np.size(expected))],
    exact=0,
)
