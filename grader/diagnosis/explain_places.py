"""Explanations by place: the answer is right in some entries, and what the wrong ones have in common."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import isfinite

import numpy as np

from grader.diagnosis.explain_factors import LARGEST_TERM, VARIED
from grader.diagnosis.explain_sizes import Claim, Pair, same
from grader.judging.compare import wrong_entries


def in_places(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims on the entries that are wrong, where others are right: their sign, a factor, one number in them or due there."""
    if any(pair.kind not in "fiu" or pair.yours.shape != pair.expected.shape for pair in wrong):
        return
    places = [_places(pair) for pair in wrong]
    yours, expected, right = (
        np.concatenate([getattr(pair, name)[mask ^ is_right] for pair, mask in zip(wrong, places, strict=True)])
        for name, is_right in (("yours", False), ("expected", False), ("expected", True))
    )
    if not np.isfinite(yours).all() or not np.isfinite(expected).all():
        return
    if len(np.unique(expected)) == 1 and len(expected) > 1:
        yield from _where_one_is_due(wrong, float(expected[0]), yours)
    elif len(np.unique(np.abs(expected))) >= VARIED:
        if (right != yours[0]).any():
            yield _one_number(float(yours[0]))
        if (np.abs(right) > np.abs(expected).min()).any():  # and not just those of which a factor changes nothing
            yield from _scaled(yours, expected)


def _places(pair: Pair) -> np.ndarray:
    """Where an answer is wrong, as a mask of its entries."""
    return wrong_entries(pair.yours, pair.expected, pair.tolerance)


def _in_all(explains: Callable[[Pair, np.ndarray], bool]) -> Callable[[Pair], bool]:
    """A predicate on the wrong entries of a pair; a right one has none."""
    return lambda pair: not pair.is_wrong or explains(pair, _places(pair))


def _where_one_is_due(wrong: Sequence[Pair], due: float, yours: np.ndarray) -> Iterator[Claim]:
    """The wrong entries are just those in which one and the same number is expected."""
    there = f": {yours[0]:.4g} stands there" if len(np.unique(yours)) == 1 else ""

    def holds(pair: Pair) -> bool:
        return np.array_equal(_places(pair), pair.expected == due)

    yield Claim(f"is right but where {due:.4g} is expected{there}", holds)


def _one_number(number: float) -> Claim:
    """The wrong entries are all the same number, whatever is expected there."""
    asks = ": is something left out there?" if number == 0 else ""
    text = f"is {number:.4g} in every wrong entry, and right in the others{asks}"
    return Claim(text, _in_all(lambda pair, mask: bool((pair.yours[mask] == number).all())))


def _scaled(yours: np.ndarray, expected: np.ndarray) -> Iterator[Claim]:
    """The wrong entries are the expected ones times a small whole number, or divided by one."""
    at = int(np.argmax(np.abs(expected)))
    ratio = float(yours[at] / expected[at])
    factor = Fraction(ratio).limit_denominator(LARGEST_TERM) if isfinite(ratio) else Fraction(0)
    if factor in (0, 1) or abs(factor) > LARGEST_TERM or 1 not in (abs(factor.numerator), factor.denominator):
        return

    def holds(pair: Pair, mask: np.ndarray) -> bool:
        return same(pair.yours[mask], float(factor) * pair.expected[mask], max(abs(factor), 1) * pair.tolerance)

    what = "has the wrong sign" if factor == -1 else f"is exactly {factor} times what is expected"
    yield Claim(f"{what} in some entries; the others are right", _in_all(holds))
