"""Answers as something that can be compared: an exception by its names, a list by its numbers."""

from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.nest import is_numeric


@frozen
class Raised:
    """Stands for an answer that is an exception of the student's own code: the names of its type and of its bases."""

    names: tuple[str, ...]


def floats(answer: Any) -> np.ndarray:
    """A list of numbers as an array; a complex number is nan, and so is a whole number of hundreds of digits."""
    return np.array([_float(np.asarray(item).item()) for item in answer])


def is_list_of_numbers(answer: Any) -> bool:
    """Whether `floats` can make an array of it."""
    if isinstance(answer, np.ndarray):
        return answer.ndim == 1
    return isinstance(answer, list | tuple) and all(is_numeric(item) and np.ndim(item) == 0 for item in answer)


def _float(number: Any) -> float:
    try:
        return float(number)
    except (OverflowError, TypeError):
        return np.nan
