"""`seeded`: the answer's random numbers come from the generator that is passed in, and from nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.draw import Draw, Inputs
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Cases, Check, Driver, Kind, labels
from grader.key import Question
from grader.nest import numeric_leaves
from grader.report import Finding
from grader.sandbox import wire
from grader.sandbox.wire import Opaque, Seeded

SEEDING = {
    "": "",
    "same": "another random generator gives the same numbers: draw all of them from the generator that is passed in",
    "other": "the same random generator gives other numbers the second time: draw from the generator that is passed in, and from nothing else",
}


def seeded(points: int, claim: str, on: str | Sequence[str] = (), driver: Driver | None = None) -> Check:
    """Generators in the same state give the same answer, and one in another state gives other numbers throughout.

    A case passes a generator in as `rng=draw.generator()`.

        seeded(1, "takes its numbers from rng", on="a wide layer")
    """

    def another(inputs: Inputs, draw: Draw) -> Inputs:
        return {name: draw.generator() if isinstance(value, Seeded) else value for name, value in inputs.items()}

    return Check(claim, points, KIND, labels(on), (lambda inputs, draw: dict(inputs), another), driver=driver)


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    text = SEEDING[seeding(answers)]
    return Finding("value", f"{text} ({in_case(questions[0])})") if text else None


def seeding(answers: list) -> str:
    """What is wrong with the answers to a generator, to one in the same state and to one in another: a word of SEEDING."""
    first, again, other = answers
    if not wire.same(first, again):
        return "other"
    pairs = [
        (np.asarray(a), np.asarray(b))
        for (_, a), (_, b) in zip(numeric_leaves(first), numeric_leaves(other), strict=False)
    ]
    equal = np.concatenate([np.zeros(0), *((a == b).ravel() for a, b in pairs if a.shape == b.shape)])
    # continuous numbers are never the same twice, but a list may hold a constant; whole numbers may all but coincide
    is_continuous = all(a.dtype.kind == "f" for a, _ in pairs)
    return "same" if equal.size and equal.mean() > (0.5 if is_continuous else 0.99) else ""


def trace(answers: list, facts: Any, options: Any) -> Opaque:
    """Which of the two halves does not hold."""
    return Opaque(seeding(answers))


KIND = Kind("seeded", decide, cases=Cases.ANY, has_one_answer=False, trace=trace, exact=1)
