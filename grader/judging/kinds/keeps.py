"""`keeps`: the answer has the reference's sums or norms along an axis, and is not constant."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.errors import did_you_mean
from grader.frozen import frozen
from grader.judging.describing import named, numbers
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Change, Check, Driver, Kind, labels
from grader.judging.rules import tolerance_at
from grader.key import Question
from grader.nest import at
from grader.report import Finding


@frozen
class Options:
    """`measure` is one of MEASURES; `part` is the place of one of several answers, None for a single one."""

    measure: str
    axis: int
    part: int | None


def keeps(
    points: int,
    claim: str,
    measure: str,
    change: Change,
    axis: int = -1,
    part: str | int | None = None,
    on: str | Sequence[str] = (),
    driver: Driver | None = None,
) -> Check:
    """The `measure` ("sum" or "norm") of the answer along `axis` is the reference's, and `change` moves the answer.

    `part` picks one of several answers, by name or place.

        def other_scores(inputs, draw):
            return inputs | {"scores": draw(*inputs["scores"].shape)}

        keeps(1, "has rows that sum to 1", "sum", change=other_scores)
    """
    if measure not in MEASURES:
        raise ValueError(f"keeps has no measure {measure!r}{did_you_mean(measure, list(MEASURES))}")
    return Check(claim, points, KIND, labels(on), (change,), options=Options(measure, axis, part), driver=driver)


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    measure = MEASURES[options.measure]
    path = () if options.part is None else (options.part,)
    first, second = (np.asarray(at(answer, path)) for answer in answers)
    wanted = np.asarray(at(questions[0].expected, path))
    tolerance = tolerance_at(questions[0], path) * wanted.shape[options.axis]
    with np.errstate(all="ignore"):  # a sum of huge numbers is infinite, and that is wrong
        yours, expected = measure(first, options.axis), measure(wanted, options.axis)
        wrong = ~(np.abs(yours - expected) <= tolerance)
    name = named(path, names)
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0])
        mine, right = numbers(yours[index], expected[index], tolerance)
        along = f"the {options.measure} of {name} along axis {options.axis}"
        return Finding("value", f"{along} is {mine}, expected {right} ({in_case(questions[0])})")
    if not (np.abs(second - first) > tolerance).any():
        return Finding("value", f"{name} does not change with the input, but it must ({in_case(questions[0])})")
    return None


MEASURES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "sum": lambda array, axis: array.sum(axis),
    "norm": lambda array, axis: np.linalg.norm(array, axis=axis),
}

KIND = Kind("keeps", decide, Options, parts=("part",), is_of_answers=True)
