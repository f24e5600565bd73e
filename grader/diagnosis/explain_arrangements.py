"""Explanations by arrangement: the right values in another shape, in other places, or not yet summed."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from grader.diagnosis.explain_sizes import CLEARLY, Claim, Pair, same
from grader.judging.compare import wrong_entries

Reduction = Callable[[np.ndarray], np.ndarray | None]
SUM_TOLERANCE = 1e-9  # how far a sum of probabilities may be from 1, with any number of terms
MOST_COMPARED = 1 << 22  # entries compared when each slice is compared with every other


def forms(wrong: Sequence[Pair]) -> Iterator[list[Claim]]:
    """Claims that the values are right but the shape is wrong, the stronger ones first."""
    shapes = f"shape {wrong[0].yours.shape} where {wrong[0].expected.shape} is expected"
    yield [Claim(f"has the right values, but {shapes}", lambda pair: _stretches(pair, {0}))]
    yield [
        Claim(f"has the right values, but repeated: {shapes}", lambda pair: _stretches(pair, {0, 1})),
        Claim(
            f"has the right values, but not repeated along an axis: {shapes}", lambda pair: _stretches(pair, {0, -1})
        ),
    ]


def _stretches(pair: Pair, signs: set[int]) -> bool:
    """Whether the smaller array, broadcast to the larger one's shape, equals it.

    `signs` are the allowed signs of (size of yours − size of the expected).
    """
    if np.sign(pair.yours.size - pair.expected.size) not in signs:
        return False
    if pair.yours.size == pair.expected.size:
        return same(pair.yours.reshape(pair.expected.shape), pair.expected, pair.tolerance)
    shape = max(pair.yours.shape, pair.expected.shape, key=np.prod)
    try:
        return same(np.broadcast_to(pair.yours, shape), np.broadcast_to(pair.expected, shape), pair.tolerance)
    except ValueError:
        return False


def moved(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that the right entries are in the wrong places."""
    for order, text in _orders({pair.expected.ndim for pair in wrong}):
        yield Claim(text, lambda pair, order=order: _is_reordered(pair, order))
    for axis, place in _axes(wrong):
        other = f"has the right entries in another order{place}"
        yield Claim(f"is reversed{place}", _on(axis, lambda y, e, t: _like(y, e[::-1], t)), other)
        for late in (True, False):
            text = f"is shifted by one{place}: each entry is one place too {'late' if late else 'early'}"
            yield Claim(text, _on(axis, lambda y, e, t, late=late: _is_shifted(y, e, t, late)), other)
        yield Claim(f"lacks the first entry{place}", _on(axis, lambda y, e, t: _like(y, e[1:], t)))
        yield Claim(f"lacks the last entry{place}", _on(axis, lambda y, e, t: _like(y, e[:-1], t)))
        yield Claim(f"has one entry too many at the start{place}", _on(axis, lambda y, e, t: _like(y[1:], e, t)))
        yield Claim(f"has one entry too many at the end{place}", _on(axis, lambda y, e, t: _like(y[:-1], e, t)))


def _orders(ndims: set[int]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Permutations of the last axes, each with the words for it."""
    n = max(ndims) if len(ndims) == 1 else 2
    same_order = tuple(range(-n, 0))
    for order in permutations(same_order):
        if ndims == {2} and order != same_order:
            yield order, "is transposed"
        elif order == (*same_order[:-2], -1, -2):
            yield order, "has the last two axes swapped"
        elif order != same_order:
            yield order, f"has the axes in another order: {tuple(n + axis for axis in order)}"


def _is_reordered(pair: Pair, order: tuple[int, ...]) -> bool:
    ndim = pair.expected.ndim
    if ndim < len(order):  # with fewer axes, the mistake changes nothing
        return not pair.is_wrong
    return pair.matches(pair.expected.transpose(*range(ndim - len(order)), *(ndim + axis for axis in order)))


def _axes(wrong: Sequence[Pair]) -> list[tuple[int, str]]:
    """The axes that all wrong pairs have, each with the words for it."""
    ndims = {pair.expected.ndim for pair in wrong}
    if len(ndims) > 1:
        return [(0, " along the first axis"), (-1, " along the last axis")] if 0 not in ndims else []
    return [(axis, f" along axis {axis}" if ndims != {1} else "") for axis in range(max(ndims))]


def _on(axis: int, compare: Callable[[np.ndarray, np.ndarray, float], bool]) -> Callable[[Pair], bool]:
    """A predicate that compares along an axis, moved to the front. Without that axis, only a right pair fits."""

    def holds(pair: Pair) -> bool:
        if pair.yours.ndim != pair.expected.ndim or not -pair.yours.ndim <= axis < pair.yours.ndim:
            return not pair.is_wrong
        return compare(np.moveaxis(pair.yours, axis, 0), np.moveaxis(pair.expected, axis, 0), pair.tolerance)

    return holds


def _like(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return a.shape == b.shape and same(a, b, tolerance)


def _is_shifted(yours: np.ndarray, expected: np.ndarray, tolerance: float, late: bool) -> bool:
    """Whether `yours` is `expected` shifted by one: cyclically, or with anything in the freed place.

    In the second case the remaining entries must differ clearly from an unshifted answer.
    """
    if _like(yours, np.roll(expected, 1 if late else -1, axis=0), tolerance):
        return True
    before, after = (yours[1:], expected[:-1]) if late else (yours[:-1], expected[1:])
    stays = expected[1:] if late else expected[:-1]
    return len(expected) > 2 and _like(before, after, tolerance) and not same(after, stays, CLEARLY * tolerance)


def not_reduced(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that only a sum or a mean over axes is missing."""
    extra = {(pair.yours.ndim, pair.expected.ndim) for pair in wrong}
    yours, expected = max(extra)
    scalars = all(theirs == 0 for _, theirs in extra)
    if yours <= expected or (len(extra) > 1 and not scalars):
        return
    axes = "an extra axis" if yours - expected == 1 and not scalars else "extra axes"
    for how, over, reduced in _reductions(yours, yours - expected, scalars):

        def holds(pair: Pair, reduced: Reduction = reduced) -> bool:
            return _is_like(reduced(pair.yours), pair.expected, pair.tolerance)

        yield Claim(f"has {axes}: the {how} over {over} is right", holds)


def reduced_too_far(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that a sum or a mean is taken over axes that are to stay."""
    lost = {pair.expected.ndim - pair.yours.ndim for pair in wrong}
    scalars = all(pair.yours.ndim == 0 for pair in wrong)
    if min(lost) < 1 or (len(lost) > 1 and not scalars):
        return
    for how, over, reduced in _reductions(min(pair.expected.ndim for pair in wrong), max(lost), scalars):

        def holds(pair: Pair, reduced: Reduction = reduced) -> bool:
            return _is_like(reduced(pair.expected), pair.yours, pair.tolerance * pair.expected.size)

        yield Claim(f"is the {how} of the right answer over {over}: which axes are to stay?", holds)


def _reductions(ndim: int, count: int, is_whole: bool) -> Iterator[tuple[str, str, Reduction]]:
    """Sum and mean over every choice of so many axes, or over all entries: which of the two, over what, and itself."""
    for axes in [None] if is_whole else combinations(range(ndim), count):
        over = "all its entries" if axes is None else f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
        for how, reduce in (("sum", np.sum), ("mean", np.mean)):

            def reduced(array: np.ndarray, axes: Any = axes, reduce: Callable = reduce) -> np.ndarray | None:
                """None where an array has not these axes, or no entries."""
                has_axes = axes is None or array.ndim > max(axes)
                return reduce(array, axes) if array.size and has_axes else None

            yield how, over, reduced


def _is_like(reduced: np.ndarray | None, other: np.ndarray, tolerance: float) -> bool:
    return reduced is not None and _like(reduced, other, tolerance)


def weak(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that do not fix all values, used when no stronger one holds."""
    for axis, place in _axes(wrong):
        yield Claim(f"has the right entries in another order{place}", _on(axis, _is_permuted))
    totals = [*_axes(wrong)[:-1], (None, " over all entries")] if wrong[0].expected.ndim > 1 else []
    for axis, place in totals:
        text = f"sums to one{place} instead of along the last axis: is the softmax over the wrong axis?"
        yield Claim(text, lambda pair, axis=axis: _is_softmax_along(pair, axis))


def _is_permuted(yours: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Whether the slices of one are the slices of the other in another order."""
    if yours.shape != expected.shape or not 0 < len(expected) * expected.size <= MOST_COMPARED:
        return False
    a, b = yours.reshape(len(yours), 1, -1), expected.reshape(1, len(expected), -1)
    close = ~wrong_entries(a, b, tolerance).any(axis=-1)
    is_one_to_one = (close.sum(0) == 1).all() and (close.sum(1) == 1).all()
    return bool(is_one_to_one and (len(close) == 1 or not close.diagonal().all()))


def _is_softmax_along(pair: Pair, axis: int | None) -> bool:
    if axis is not None and axis >= pair.expected.ndim - 1:
        return not pair.is_wrong
    if pair.yours.shape != pair.expected.shape or (pair.is_wrong and _sums_to_one(pair.yours, -1)):
        return False
    return _sums_to_one(pair.expected, -1) and _sums_to_one(pair.yours, axis)


def _sums_to_one(a: np.ndarray, axis: int | None) -> bool:
    return a.ndim > 0 and bool((a >= 0).all()) and np.allclose(a.sum(axis), 1, rtol=0, atol=SUM_TOLERANCE)
