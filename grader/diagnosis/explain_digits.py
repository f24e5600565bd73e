"""An answer that is nearly right: of its digits the first ones, and no other explanation fits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.diagnosis.explain_sizes import Pair

ROUGHLY = 1e-3  # of each entry: three digits are right
CLOSELY = 1e-5  # what is right to five digits, grader.judging.nearly tells
ROUGH = (
    "All that is wrong is right to about three digits: is a small constant of your own in the way, such as an eps below a "
    "line or in a logarithm, or is something rounded or cut short?"
)


def is_rough(wrong: Mapping[Any, Sequence[Pair]]) -> bool:
    """Whether all that is wrong of an answer is nearly right: of floating-point numbers, to about three digits."""
    pairs = [pair for pairs in wrong.values() for pair in pairs if pair.is_wrong]
    return (
        bool(pairs)
        and all(_is_within(ROUGHLY, pair) for pair in pairs)
        and not all(_is_within(CLOSELY, pair) for pair in pairs)
    )


def _is_within(share: float, pair: Pair) -> bool:
    """Whether each entry is right to a share of itself."""
    if pair.kind != "f" or pair.yours.shape != pair.expected.shape or not np.isfinite(pair.yours).all():
        return False
    off = np.abs(pair.yours - pair.expected)
    return bool((off <= np.maximum(share * np.abs(pair.expected), pair.tolerance)).all())
