"""Explanations of nan and inf: where they appear, and whether large inputs are what brings them."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.key import ExerciseKey
from grader.nest import numeric_leaves

LARGE_INPUT = 100.0  # exp(100) is harmless, but scores that start there end beyond exp's 709
SOFTMAX = re.compile("softmax|attention|log.?sum.?exp", re.I)
OF_SOFTMAX = "Subtract the maximum before you exponentiate"
OF_OTHERS = "Where do you exponentiate or square what may be large? Find the form in which that stays below 1"


def nonfinite(exercise: ExerciseKey, evidence: Sequence[Any]) -> str:
    """A clause on nan and inf if they are what is wrong; on overflow only if just the wrong cases have large inputs."""
    wrong = [item for item in evidence if not item.is_right]
    bad = [values[~np.isfinite(values)] for values in (_floats(item.answer) for item in wrong)]
    if not all(len(values) for values in bad) or not all(
        np.isfinite(_floats(item.question.expected)).all() for item in wrong
    ):
        return ""
    seen = np.concatenate(bad)
    what = " and ".join(name for name, is_there in (("nan", np.isnan(seen)), ("inf", np.isinf(seen))) if is_there.any())
    tells_apart = all(_is_large(item.question.inputs) is not item.is_right for item in evidence)
    if not tells_apart or "nan" not in what:
        return f", where {what} appears"
    is_softmax = SOFTMAX.search(f"{exercise.name} {exercise.stub}")
    return f", where {what} appears: an overflow? {OF_SOFTMAX if is_softmax else OF_OTHERS}"


def _is_large(inputs: Any) -> bool:
    values = _floats(inputs)
    return bool((np.abs(values[np.isfinite(values)]) >= LARGE_INPUT).any())


def _floats(tree: Any) -> np.ndarray:
    """All floating-point numbers of a nest in one 1-D array."""
    arrays = [np.asarray(leaf) for _, leaf in numeric_leaves(tree)]
    return np.concatenate([np.zeros(0), *(array.ravel() for array in arrays if array.dtype.kind == "f")])
