"""Right to about five digits: the formula is right, and some small constant is in its way."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.judging.compare import difference, wrong_entries
from grader.judging.describing import named
from grader.judging.forms import in_case, of_form
from grader.key import Question
from grader.nest import at, numeric_leaves
from grader.report import Finding

FIVE_DIGITS = 1e-5  # of each entry; an eps of 1e-8 changes the ninth digit, another method the third
CONSTANT = (
    "Some small constant is in the way: a small eps of your own in a logarithm or below a line, a probability that is "
    "clipped, a step in lower precision? The formula itself is exact."
)


def nearly(answer: Any, question: Question, names: Sequence[str]) -> Finding | None:
    """A finding if an answer is wrong only after its fifth digit in every entry, and is no listed mistake's; else None."""
    found = difference(answer, question.expected, question.tolerance, names)
    if not found or of_form(answer, question, names):
        return None
    if any(_is(answer, theirs, question) for theirs in question.mistakes.values()):
        return None
    errors = []
    for (path, leaf), tolerance in zip(numeric_leaves(question.expected), question.tolerance, strict=True):
        yours, expected = np.asarray(at(answer, path)), np.asarray(leaf)
        wrong = wrong_entries(yours, expected, tolerance)
        if not wrong.any():
            continue
        if expected.dtype.kind != "f" or not np.isfinite(yours[wrong]).all() or not (expected[wrong] != 0).all():
            return None
        with np.errstate(all="ignore"):
            error = np.where(wrong, np.abs(yours / expected - 1), 0.0)
        errors.append((float(error.max()), path, np.unravel_index(int(np.argmax(error)), error.shape), wrong))
    error, path, index, wrong = max(errors, key=lambda item: item[0])
    if not error <= FIVE_DIGITS:
        return None
    yours, expected = np.asarray(at(answer, path))[index], np.asarray(at(question.expected, path))[index]
    return Finding(
        "value", f"{_text(yours, expected, named((*path, *map(int, index)), names))} ({in_case(question)})", CONSTANT
    )


def _text(yours: np.float64, expected: np.float64, place: str) -> str:
    digits = math.floor(-math.log10(abs(yours / expected - 1)))
    side = "large" if yours > expected else "small"
    return f"{place}, where {expected:.4g} is expected, is right to {digits} digits and {abs(yours - expected):.1g} too {side}"


def _is(answer: Any, theirs: Any, question: Question) -> bool:
    count = len(numeric_leaves(theirs))
    has_form = count == len(question.tolerance)
    return not difference(answer, theirs, question.tolerance if has_form else [max(question.tolerance)] * count)
