"""`grows`: numbers that grow by a factor after a change of the inputs, and not before."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.judging.describing import describe, named
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Change, Check, Driver, Kind, labels
from grader.judging.traces import floats, is_list_of_numbers
from grader.key import Question
from grader.report import Finding
from grader.sandbox.wire import Opaque


@frozen
class Options:
    """`by` is the factor."""

    by: float


def grows(
    points: int, claim: str, by: float, change: Change, on: str | Sequence[str] = (), driver: Driver | None = None
) -> Check:
    """The answer is a list of positive numbers; after `change` its last is more than `by` times its first, before not.

    Only the factor counts, so a student's numbers may have any scale.

        def without_residuals(inputs, draw):
            return inputs | {"residual": False}

        grows(2, "shows gradients that vanish without the residuals", by=1e6, change=without_residuals)
    """
    return Check(claim, points, KIND, labels(on), (change,), options=Options(float(by)), driver=driver)


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    for answer, question, must in zip(answers, questions, (False, True), strict=True):
        ratio = growth(answer)
        if not ratio > 0:
            return Finding("value", f"{named((), names)} must hold positive numbers ({in_case(question)})")
        if (ratio > options.by) is not must:
            bound = f"{'more' if must else 'at most'} {options.by:g} times"
            text = f"the last of {named((), names)} is {ratio:.3g} times the first, expected {bound}"
            after = "with the inputs changed, " if must else ""
            return Finding("value", f"{after}{text} ({in_case(question)})")
    return None


def growth(answer: Any) -> float:
    """A list's last number over its first; nan unless all are positive and finite."""
    values = floats(answer)
    with np.errstate(all="ignore"):
        return float(values[-1] / values[0]) if (np.isfinite(values) & (values > 0)).all() else np.nan


def trace(answers: list, facts: Any, options: Options) -> Opaque:
    """Which of the lists grow or fall by far, and how long they are."""
    words = []
    for answer in answers:
        if not is_list_of_numbers(answer):
            return Opaque(describe(answer))
        ratio = growth(answer) if len(answer) else np.nan
        words.append(f"{len(answer)} {ratio > options.by} {ratio < 1 / options.by} {ratio > 0}")
    return Opaque(", ".join(words))


KIND = Kind("grows", decide, Options, has_one_answer=False, trace=trace)
