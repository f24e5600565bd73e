"""How much of a difference is rounding: measure the noise of a reference and derive the tolerance from it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.compiling.calls import ask, map_floats, plain
from grader.draw import Inputs
from grader.judging.compare import Signs, turned
from grader.nest import is_numeric, mapped, numeric_leaves

# A tolerance is MARGIN times the noise of the reference itself, so that another order of summation, another BLAS or
# an equivalent formula stays inside by two or three orders of magnitude. `grade dev check` prints what is left on
# the other side, up to the nearest mistake.
MARGIN = 1000
STATED_MARGIN = 10  # a tolerance stated by an author is at least this many times the noise, in case of a noisier case
MARGIN_SINGLE = 30  # for float32, where a thousand times the noise would let real mistakes through
FLOOR = 8  # the least noise, in units of the last place of the largest entry: a handful of roundings
PERTURBATIONS = 6


def measure_noise(function: Callable, inputs: Inputs, expected: Any, signs: Signs = ()) -> list[float]:
    """The absolute rounding noise of each leaf of an answer, never below FLOOR units of its largest entry's last place.

    It is the larger of two measurements: the answer's spread when every input moves by at most one unit in the last
    place (which no algorithm can avoid), and its distance from the same function in extended precision (which this
    algorithm adds). Integers and booleans are exact and have no noise.
    """
    wanted = numeric_leaves(expected)
    noise = [0.0] * len(wanted)
    if not any(_is_inexact(leaf) for _, leaf in wanted):
        return noise
    rng = np.random.default_rng(0)
    others = [_nudged(inputs, rng) for _ in range(PERTURBATIONS)] + [_extended(inputs)]
    for other in others:
        try:
            answer = turned(plain(ask(function, other)), expected, signs)
        except (TypeError, ValueError, RuntimeError):  # the function does not work in extended precision
            continue
        for i, ((_, a), (_, b)) in enumerate(zip(numeric_leaves(answer), wanted, strict=True)):
            noise[i] = max(noise[i], _spread(np.asarray(a), np.asarray(b)))
    return [
        max(n, FLOOR * _eps(leaf) * scale(leaf)) if _is_inexact(leaf) else 0.0
        for n, (_, leaf) in zip(noise, wanted, strict=True)
    ]


def single_tolerances(function: Callable, inputs: Inputs, expected: Any, signs: Signs = ()) -> list[float]:
    """The tolerances of an answer in float32: 30 times the noise of the reference itself, asked in float32.

    It is measured as that in float64 is, and by how far the answer is then from the right one. Empty where the reference
    does not work in float32, or answers in another form there.
    """
    given = map_floats(inputs, lambda array: array.astype(np.float32))
    try:
        answer = mapped(_as_single, turned(plain(ask(function, given)), expected, signs))
    except (TypeError, ValueError, RuntimeError):
        return []
    yours, wanted = numeric_leaves(answer), numeric_leaves(expected)
    if [(path, np.shape(leaf)) for path, leaf in yours] != [(path, np.shape(leaf)) for path, leaf in wanted]:
        return []
    noise = measure_noise(function, given, answer, signs)
    distance = [_spread(np.asarray(a), np.asarray(b)) for (_, a), (_, b) in zip(yours, wanted, strict=True)]
    return [round_up(MARGIN_SINGLE * max(pair)) for pair in zip(noise, distance, strict=True)]


def _as_single(leaf: Any) -> Any:
    return np.float32(leaf) if is_numeric(leaf) and _is_inexact(leaf) else leaf


def _nudged(tree: Any, rng: np.random.Generator) -> Any:
    """A nest in which every float is moved at random by one unit in the last place up, down or not at all."""
    if isinstance(tree, float):
        return tree
    return map_floats(
        tree, lambda array: (array * (1 + _eps(array) * rng.integers(-1, 2, array.shape))).astype(array.dtype)
    )


def _extended(tree: Any) -> Any:
    return map_floats(tree, lambda array: array.astype(np.float64 if _is_single(array) else np.longdouble))


def margin(leaf: Any) -> int:
    return MARGIN_SINGLE if _is_single(leaf) else MARGIN


def _eps(leaf: Any) -> float:
    """The machine epsilon of a leaf's dtype."""
    return float(np.finfo(np.asarray(leaf).dtype).eps)


def rounding(leaf: Any) -> float:
    """The least relative tolerance for a leaf's precision; 0 for exact types."""
    return margin(leaf) * FLOOR * _eps(leaf) if _is_inexact(leaf) else 0.0


def _is_single(leaf: Any) -> bool:
    return np.asarray(leaf).dtype in (np.float32, np.complex64)


def _is_inexact(leaf: Any) -> bool:
    return np.asarray(leaf).dtype.kind in "fc"


def scale(leaf: Any) -> float:
    """The largest finite magnitude; 1 if all are zero, so that rounding errors may stand for a zero."""
    finite = np.abs(np.asarray(leaf)[np.isfinite(leaf)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _spread(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape or a.dtype.kind not in "fc":
        return 0.0
    with np.errstate(all="ignore"):
        distance = np.abs(a - b)[np.isfinite(a) & np.isfinite(b)]
    return float(distance.max()) if distance.size else 0.0


def round_up(x: float) -> float:
    """Round up to one significant digit, so that machines whose last bits differ get the same tolerance."""
    if x == 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(x))
    return float(f"{math.ceil(x / unit - 1e-9) * unit:.1g}")
