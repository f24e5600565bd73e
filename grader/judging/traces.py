"""What stands for an answer where there is no one right answer: which way it is wrong, not its values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.judging.compare import describe, is_numeric, leaves
from grader.judging.samples import landmarks
from grader.sandbox import wire
from grader.sandbox.wire import Opaque


@dataclass(frozen=True)
class Raised:
    """Stands for an answer that is an exception of the student's own code: the names of its type and of its bases."""

    names: tuple[str, ...]


def growth(answer: Any) -> float:
    """A list's last number over its first; nan unless all are positive and finite."""
    values = floats(answer)
    with np.errstate(all="ignore"):
        return float(values[-1] / values[0]) if (np.isfinite(values) & (values > 0)).all() else np.nan


def floats(answer: Any) -> np.ndarray:
    """A list of numbers as an array; a complex number is nan, and so is a whole number of hundreds of digits."""
    return np.array([_float(np.asarray(item).item()) for item in answer])


def _float(number: Any) -> float:
    try:
        return float(number)
    except (OverflowError, TypeError):
        return np.nan


SEEDING = {
    "": "",
    "same": "another random generator gives the same numbers: draw all of them from the one that is passed in",
    "other": "the same random generator gives other numbers the second time: draw from the one that is passed in alone",
}


def seeding(answers: list) -> str:
    """What is wrong with the answers to a generator, to one in the same state and to one in another: a word of SEEDING."""
    first, again, other = answers
    if not wire.same(first, again):
        return "other"
    pairs = [(np.asarray(a), np.asarray(b)) for (_, a), (_, b) in zip(leaves(first), leaves(other), strict=False)]
    equal = np.concatenate([np.zeros(0), *((a == b).ravel() for a, b in pairs if a.shape == b.shape)])
    # continuous numbers are never the same twice, but a list may hold a constant; whole numbers may all but coincide
    is_continuous = all(a.dtype.kind == "f" for a, _ in pairs)
    return "same" if equal.size and equal.mean() > (0.5 if is_continuous else 0.99) else ""


def _trace_of_growth(answers: list, facts: Any, options: dict) -> Opaque:
    """Which of the lists grow or fall by far, and how long they are."""
    words = []
    for answer in answers:
        if not _is_list_of_numbers(answer):
            return Opaque(describe(answer))
        ratio = growth(answer) if len(answer) else np.nan
        words.append(f"{len(answer)} {ratio > options['by']} {ratio < 1 / options['by']} {ratio > 0}")
    return Opaque(", ".join(words))


def _trace_of_sample(answers: list, facts: Any, options: dict) -> Any:
    (answer,) = answers
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float64:
        return Opaque(describe(answer))
    if not answer.size or not np.isfinite(answer).all():  # no part of nothing lies anywhere
        return Opaque(describe(answer))
    return [*answer.shape, landmarks(answer, facts)]


def _trace_of_bounds(answers: list, facts: Any, options: dict) -> Opaque:
    """Which numbers lie below, between or above each pair of bounds."""
    (answer,) = answers
    if not _is_list_of_numbers(answer) or len(answer) != len(facts[0][0]):
        return Opaque(describe(answer))
    values = floats(answer)
    sides = [np.where(values < low, "<", np.where(values > high, ">", "=")) for low, high in facts]
    return Opaque(", ".join("".join(side) for side in sides))


def _is_list_of_numbers(answer: Any) -> bool:
    if isinstance(answer, np.ndarray):
        return answer.ndim == 1
    return isinstance(answer, list | tuple) and all(is_numeric(item) and np.ndim(item) == 0 for item in answer)


# What a diagnosis compares where there is no one right answer: a student's wrong answers are a mistake's if these are
# the same. Each stands at its group's last question.
TRACES: dict[str, Callable[[list, Any, dict], Any]] = {
    "raises": lambda answers, facts, options: None if isinstance(answers[0], Raised) else Opaque("a value"),
    "distributed": _trace_of_sample,
    "seeded": lambda answers, facts, options: Opaque(seeding(answers)),
    "grows": _trace_of_growth,
    "bounded": _trace_of_bounds,
}
