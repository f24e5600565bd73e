"""`distributed`: the answer's entries are independent draws from a law."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.judging.describing import describe, named
from grader.judging.forms import in_case
from grader.judging.kinds.kind import Cases, Check, Driver, Kind, labels
from grader.judging.rules import no_sample
from grader.judging.samples import landmarks, noise, stray
from grader.key import Question
from grader.report import Finding
from grader.sandbox.wire import Opaque


def distributed(
    points: int, claim: str, law: Callable[[Inputs], list], on: str | Sequence[str], driver: Driver | None = None
) -> Check:
    """The answer's entries are independent draws from `law(inputs)`, which is `uniform(…)` or `normal(…)`.

    Any sampler will do: only the sample itself is judged, and a right one fails once in 10⁹ times (see
    `grader.judging.samples`). Some 60 000 entries tell a normal from a uniform law, and a variance from one 5 % larger.

        def he(inputs):
            return normal(0, np.sqrt(2 / inputs["fan_in"]))

        distributed(2, "draws each weight from the normal law of variance 2/fan_in", law=he, on="a wide layer")
    """
    return Check(claim, points, KIND, labels(on), facts=lambda inputs, draw: law(inputs), driver=driver)


def uniform(low: float, high: float) -> list:
    """The uniform law between two numbers, for `distributed`: `uniform(-1, 1)`."""
    return ["uniform", float(low), float(high)]


def normal(mean: float, std: float) -> list:
    """The normal law, not truncated, for `distributed`: `normal(0, 0.5)` has the variance 0.25."""
    return ["normal", float(mean), float(std)]


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    if found := no_sample(answers, questions, names):
        return found
    (answer,), (question,) = answers, questions
    clause = stray(np.atleast_2d(np.asarray(answer)), facts)
    kind = "nonfinite" if clause.startswith("holds") else "value"
    return Finding(kind, f"{named((), names)} {clause} ({in_case(question)})") if clause else None


def trace(answers: list, facts: Any, options: Any) -> Any:
    """The sample's shape, and what part of it lies below each of a few landmarks of the law."""
    (answer,) = answers
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float64:
        return Opaque(describe(answer))
    if not answer.size or not np.isfinite(answer).all():  # no part of nothing lies anywhere
        return Opaque(describe(answer))
    return [*answer.shape, landmarks(answer, facts)]


KIND = Kind(
    "distributed",
    decide,
    cases=Cases.OPEN,
    has_one_answer=False,
    trace=trace,
    spread=lambda expected: [noise(np.size(expected))],
    exact=0,
)
