"""`moves`: the answer moves where the reference's moves, and stays where it stays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.judging.describing import named, numbers
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Change, Check, Driver, Kind, labels
from grader.key import Question
from grader.nest import at, numeric_leaves
from grader.report import Finding

FELT = (
    "What was changed is felt where it must not be: is a sum, a mean, a maximum or a softmax taken over too much or along "
    "another axis, or a mask left out?"
)
CLEARLY = 1000  # a move counts from this many tolerances on: what is asked to move moves by far more than rounding


def moves(points: int, claim: str, change: Change, on: str | Sequence[str] = (), driver: Driver | None = None) -> Check:
    """After `change` of the inputs, the student's answer moves where the reference's moves and stays where it stays.

    Both halves count: an answer that never moves fails. The student's two answers are compared with each other,
    so that a claim about, say, causality can be true of an answer whose values are wrong.

        def another_last_token(inputs, draw):
            x = inputs["x"].copy()
            x[-1] = draw(*x[-1].shape)
            return inputs | {"x": x}

        moves(2, "hides the last token from all before it", change=another_last_token)
    """
    return Check(claim, points, KIND, labels(on), (change,), driver=driver)


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    before, after = questions
    moved = False
    for (path, old), (_, new), tolerance in zip(
        numeric_leaves(before.expected), numeric_leaves(after.expected), before.tolerance, strict=True
    ):
        yours = [np.asarray(at(answer, path)) for answer in answers]
        shift, reference = _distance(*yours), _distance(np.asarray(old), np.asarray(new))
        strayed = (reference <= tolerance) & ~(shift <= tolerance)
        if strayed.any():
            where = [int(i) for i in np.argwhere(strayed)[0]]
            values = numbers(yours[1][tuple(where)], yours[0][tuple(where)], tolerance / 2)  # not both are 0 then
            place = f"{named(path, names)}{where or ''}"
            text = f"{place} must not change, but it changes from {values[1]} to {values[0]} ({in_case(before)})"
            return Finding("value", text, FELT)
        must = reference > CLEARLY * max(tolerance, 1e-12)
        # half of them is enough: values that are wrong elsewhere may coincide here and there
        moved |= bool(must.any()) and (shift > tolerance)[must].mean() >= 0.5
    return None if moved else Finding("value", f"your answer does not change, but it must ({in_case(before)})")


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b| of each entry; of booleans, 1 where they differ."""
    with np.errstate(all="ignore"):
        return np.abs(np.subtract(b, a, dtype=np.result_type(a, b, np.int8)))


KIND = Kind("moves", decide, is_of_answers=True)
