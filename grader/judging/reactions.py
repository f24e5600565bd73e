"""An argument is changed: does the answer react? Where the reference's does, a right function's must."""

from typing import Any

import numpy as np

from grader.judging.compare import difference
from grader.nest import SEQUENCES, mapped, numeric_leaves
from grader.sandbox.wire import Seeded, same

CLEARLY = 1e-6  # of an answer's largest entry: a change that rounding does not make
LAST_DIGITS = 8  # units in the last place, by which sums may differ that are added up in another order


def changed(value: Any) -> Any:
    """Another value that an argument might have as well; None where only an author could tell one.

    Whole numbers and truth values in an array may be labels, indices, lengths or a mask: theirs are the same ones in reverse
    order. In a list, tuple or dict the floats change, and whole numbers stay, as they may be sizes.
    """
    if isinstance(value, (dict, *SEQUENCES)):
        floats = mapped(_changed_float, value)
        return None if same(floats, value) else floats
    if isinstance(value, Seeded):
        return Seeded(value.seed + 1)
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float | complex):
        return (value / 2 or type(value)(0.25)) if np.isfinite(value) else None
    if isinstance(value, np.ndarray) and value.dtype.kind in "biu":
        turned = np.flip(value)
        return None if same(turned, value) else turned.copy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size:
        ramp = np.linspace(
            0.6, 1.4, value.size, dtype=value.dtype
        )  # no multiple of it, so that a norm takes nothing back
        return (value * ramp.reshape(value.shape)).astype(value.dtype)
    return None


def _changed_float(leaf: Any) -> Any:
    is_float = isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc")
    other = changed(leaf) if is_float else None
    return leaf if other is None else other


def reacts(before: Any, after: Any) -> bool:
    """Whether one answer differs from another by more than rounding, or in form."""
    sizes = [np.abs(np.asarray(leaf, complex)) for _, leaf in numeric_leaves(before)]
    tolerance = [CLEARLY * float(size[np.isfinite(size)].max(initial=0.0)) for size in sizes]
    return bool(difference(after, before, tolerance))


def stays(before: Any, after: Any) -> bool:
    """Whether an answer does not move at all, to its last digits: what is small beside it, and still there, moves it.

    An answer without a finite number cannot move, which says nothing of what it is computed from.
    """
    sizes = [np.asarray(leaf) for _, leaf in numeric_leaves(before)]
    finite = [np.abs(size[np.isfinite(size)]) for size in sizes]
    if sizes and not any(size.size for size in finite):
        return False
    tolerance = [LAST_DIGITS * _last_place(size) for size in finite]
    return not difference(after, before, tolerance)


def _last_place(size: np.ndarray) -> float:
    """The spacing of an array's largest entry; 0 where numbers are exact."""
    return float(np.spacing(size.max())) if size.size and size.dtype.kind == "f" else 0.0
