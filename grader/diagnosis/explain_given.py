"""Explanations by the arguments themselves: what came in goes out again, and nothing was done to it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.explain_sizes import Claim, Pair
from grader.nest import numeric_leaves

VARIED = 3  # different values: fewer may be equal by chance


def returned(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that the answer is an argument, one for each that it may be."""
    for name in wrong[0].question.inputs:
        text = f"is {name}, just as it was given: what is to be done to it?"
        claim = Claim(text, lambda pair, name=name: _equals(pair.yours, pair.question.inputs.get(name)))
        if all(map(claim.holds, wrong)) and len(set().union(*(pair.yours.flat for pair in wrong))) >= VARIED:
            yield claim


def is_returned(evidence: Sequence[Evidence]) -> bool:
    """Whether every wrong answer has an argument in it, as it was given: then no arithmetic is looked for behind it."""
    found = [_given(item) for item in evidence if not item.is_right]
    return bool(found) and all(found) and len(set().union(*found)) >= VARIED


def _given(item: Evidence) -> set[float]:
    """The numbers of a part of a wrong answer that is an argument and not right; of none, nothing."""
    expected = dict(numeric_leaves(item.question.expected))
    for path, leaf in numeric_leaves(item.answer):
        is_wrong = np.asarray(leaf).dtype.kind in "iuf" and not _equals(leaf, expected.get(path))
        if is_wrong and any(_equals(leaf, value) for value in item.question.inputs.values()):
            return set(np.asarray(leaf).flat)
    return set()


def _equals(answer: Any, value: Any) -> bool:
    """Whether an answer is an argument, or an array with that argument in every entry of its first axis."""
    is_number = isinstance(value, np.ndarray) or (isinstance(value, float | int) and not isinstance(value, bool))
    if not is_number or not 0 <= np.ndim(answer) - np.ndim(value) <= min(1, np.ndim(value)):
        return False
    answer, value = np.asarray(answer), np.asarray(value)  # so that no number is cast to the other's precision
    return answer.shape[answer.ndim - value.ndim :] == value.shape and bool(np.all(answer == value))
