"""`bounded`: numbers that lie between bounds, for a random answer whose size a theory gives."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.judging.compare import describe, named
from grader.judging.forms import on as in_case
from grader.judging.kinds.kind import Check, Driver, Kind, labels
from grader.judging.rules import no_sample
from grader.judging.traces import floats, is_list_of_numbers
from grader.key import Question
from grader.report import Finding
from grader.sandbox.wire import Opaque


def bounded(
    points: int,
    claim: str,
    bounds: Callable[[Inputs], Sequence[tuple]],
    on: str | Sequence[str] = (),
    driver: Driver | None = None,
) -> Check:
    """The answer's numbers lie between bounds: for a random answer whose size a theory gives.

    `bounds(inputs)` returns pairs (low, high), each of the two a list as long as the answer. One of the pairs must hold for
    all of it: so a student may choose between two laws, but not mix them. Choose bounds that a right answer leaves less than
    once in 10⁹ times, and write the arithmetic beside them.

        def near_one(inputs):  # 10⁴ uniform numbers: six standard deviations of their mean are 6/√(12·10⁴) = 0.017
            return [([0.48], [0.52])]

        bounded(1, "has a mean near a half", bounds=near_one, on="ten thousand numbers")
    """
    return Check(claim, points, KIND, labels(on), facts=lambda inputs, draw: _arrays(bounds(inputs)), driver=driver)


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    if found := no_sample(answers, questions, names):
        return found
    (answer,), (question,) = answers, questions
    values = floats(answer)
    misses = [np.flatnonzero(~((low <= values) & (values <= high))) for low, high in facts]
    pair = min(range(len(facts)), key=lambda number: len(misses[number]))
    if not len(misses[pair]):
        return None
    i, (low, high) = int(misses[pair][-1]), facts[pair]
    text = f"{named((i,), names)} is {values[i]:.4g}, expected between {low[i]:.4g} and {high[i]:.4g}"
    return Finding("value", f"{text} ({in_case(question)})")


def trace(answers: list, facts: Any, options: Any) -> Opaque:
    """Which numbers lie below, between or above each pair of bounds."""
    (answer,) = answers
    if not is_list_of_numbers(answer) or len(answer) != len(facts[0][0]):
        return Opaque(describe(answer))
    values = floats(answer)
    sides = [np.where(values < low, "<", np.where(values > high, ">", "=")) for low, high in facts]
    return Opaque(", ".join("".join(side) for side in sides))


def _arrays(pairs: Sequence[tuple]) -> list:
    return [[np.array(low, float), np.array(high, float)] for low, high in pairs]


KIND = Kind("bounded", decide, has_one_answer=False, trace=trace, exact=0)
