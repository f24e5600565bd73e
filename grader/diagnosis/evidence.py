"""What a diagnosis goes by: questions with the student's answers, and how much each answer tells.

An answer that could hardly have been otherwise tells nothing: zeros everywhere fit whatever mistake gives zeros, nan fits
every overflow. A mistake is named only from answers that tell something.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.key import Question
from grader.nest import is_numeric, leaves
from grader.sandbox.wire import Opaque

NOWHERE = np.inf  # stands for nan and both infinities among finite numbers
EXACT = 1 << 53  # whole numbers below are what float64 makes of them
ENOUGH = 2  # telling answers that agree, a claim that is met among them: one may agree by chance, as at the first step
EVERYWHERE = "in every entry and every case"


@frozen
class Evidence:
    """One question and the student's answer to it; the answer is None if the function raised.

    `given` is what the function itself returned, where `answer` is only a trace of it. `tells` is whether the answer
    could have been otherwise: see `weighed`.
    """

    question: Question
    answer: Any
    is_right: bool
    given: Any = None
    tells: bool = True


def weighed(evidence: Sequence[Sequence[Evidence]]) -> list[list[Evidence]]:
    """The evidence of each check, every answer marked with whether it tells anything.

    Several different finite numbers or texts do. A single one does if other answers have others: a loss of 0.7 beside one
    of 1.2. An array of one and the same number does not, nor does one without a finite number.
    """
    seen = [[_values(item) for item in items] for items in evidence]
    is_varied = len(set().union(*(values for of_check in seen for values, _ in of_check))) > 1
    return [
        [
            replace(item, tells=len(values) > 1 or (is_varied and len(values) == count == 1))
            for item, (values, count) in zip(items, of_check, strict=True)
        ]
        for items, of_check in zip(evidence, seen, strict=True)
    ]


def bears_out(agreeing: Sequence[Evidence], is_partly_right: bool) -> bool:
    """Whether the answers that agree with a mistake, right ones among them, tell enough to name it.

    `is_partly_right` is whether a claim of the exercise is met, which speaks for the rest of the function.
    """
    telling = [item for item in agreeing if item.tells]
    is_met = is_partly_right or any(item.is_right for item in telling)
    raises_too = any(item.answer is None for item in agreeing)  # just where the mistake does
    return len(telling) + is_met + (raises_too and bool(telling)) >= ENOUGH


def one_answer_for_all(evidence: Sequence[Evidence]) -> str:
    """A sentence if every answer is one and the same number in every entry, or none is finite; else empty."""
    given = {id(item.question): item for item in evidence}.values()
    if len(given) < ENOUGH or any(item.given is None for item in given):
        return ""
    seen = [_values(item) for item in given]
    if len({not values for values, _ in seen}) > 1:  # a number here, and nothing finite there
        return ""
    values, count = set().union(*(values for values, _ in seen)), min(count for _, count in seen)
    if len(values) > 1 or not count or any(isinstance(value, str) for value in values):
        return ""
    if not values:
        return "Your answer is never a finite number, whatever comes in. Print it after each step: where does nan or inf appear first?"
    if all(_is_boolean(item.given) for item in given):
        return f"Your answer is {bool(values.pop())} {EVERYWHERE}."
    return (
        f"Your answer is {values.pop():.4g} {EVERYWHERE}, whatever comes in. Is it computed from the arguments at all?"
    )


def _is_boolean(given: Any) -> bool:
    return all(np.asarray(leaf).dtype.kind == "b" for _, leaf in leaves(given))


def _values(item: Evidence) -> tuple[set, int]:
    """Of an answer, two of its different numbers at most, each different text, and how many entries there are.

    Of numbers that are not finite only their places count, beside finite ones.
    """
    found, count, plain = set(), 0, []
    for _, leaf in leaves(item.given):
        if isinstance(leaf, float) or (isinstance(leaf, int) and abs(leaf) < EXACT):
            plain.append(float(leaf))
        elif is_numeric(leaf):
            array = np.asarray(leaf)
            count += array.size
            if array.dtype.kind in "biuf":
                found |= _ends(array)
            elif array.dtype.kind == "c" and array.size:
                found |= {str(array.flat[0]), str(array.flat[-1])}
        elif isinstance(leaf, str | Opaque):
            count += 1
            found.add(repr(leaf))
    return found | _ends(np.array(plain)), count + len(plain)


def _ends(array: np.ndarray) -> set[float]:
    """The least and the largest finite number, and whether there are others beside them."""
    finite = array[np.isfinite(array)]
    if not finite.size:
        return set()
    return {float(finite.min()), float(finite.max())} | ({NOWHERE} if finite.size < array.size else set())


def in_floats(yours: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64; of complex numbers the last axis has the two parts."""
    if "c" not in (yours.dtype.kind, expected.dtype.kind):
        return yours.astype(np.float64), expected.astype(np.float64)
    both = (array.astype(np.complex128) for array in (yours, expected))
    mine, right = (np.stack([array.real, array.imag], axis=-1) for array in both)
    return mine, right
