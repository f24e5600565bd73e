"""`slopes`: the answer is a value and its gradient, and the gradient is the slope of the student's own value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.draw import Draw, Inputs, like, plus
from grader.frozen import frozen
from grader.judging.describing import numbers
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Change, Check, Driver, Kind, labels
from grader.key import Question
from grader.nest import numeric_leaves
from grader.report import Finding

SLOPE_TOLERANCE = 1e-6  # central difference, h = 1e-5: truncation h²·f''' and rounding eps/h are both near 1e-10


@frozen
class Options:
    """`h` is the step of the central difference."""

    h: float


def slopes(
    points: int, claim: str, of: str, on: str | Sequence[str] = (), h: float = 1e-5, driver: Driver | None = None
) -> Check:
    """The answer is (value, gradient in the input `of`), and the gradient is the slope of the student's own value.

    Both are compared along a random direction, the value by a central difference with step `h`.

        slopes(2, "returns the gradient of its own loss", of="logits")
    """

    def direction(inputs: Inputs, draw: Draw) -> Any:
        return like(inputs[of], draw)

    def step(sign: int) -> Change:
        return lambda inputs, draw: inputs | {of: plus(inputs[of], sign * h, direction(inputs, draw))}

    return Check(claim, points, KIND, labels(on), (step(1), step(-1)), direction, Options(h), driver=driver)


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    (_, gradient), (up, _), (down, _) = answers
    slope = (float(np.asarray(up)) - float(np.asarray(down))) / (2 * options.h)
    pairs = list(zip(numeric_leaves(gradient), numeric_leaves(facts), strict=True))
    with np.errstate(all="ignore"):  # what is too large for a number is infinite, and then nothing is near to it
        claimed = sum(float((np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
        size = sum(float(np.abs(np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
    tolerance = SLOPE_TOLERANCE * max(size, abs(slope))
    if not np.isfinite([claimed, slope, size]).all() or not abs(slope - claimed) <= tolerance:
        noise = tolerance if np.isfinite(tolerance) else 0.0
        mine, right = numbers(np.float64(claimed), np.float64(slope), noise)
        text = f"along a random direction your value changes at a rate of {right}, your gradient says {mine}"
        return Finding("value", f"{text} ({in_case(questions[0])})")
    if size == 0:
        return Finding("value", f"your gradient is zero, and your value does not change ({in_case(questions[0])})")
    return None


KIND = Kind("slopes", decide, Options, is_of_answers=True)
