"""`bounded`: numbers that lie between bounds, for a random answer whose size a theory gives."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.frozen import frozen
from grader.judging.compare import only
from grader.judging.describing import describe, named
from grader.judging.forms import in_case
from grader.judging.kinds.kind import Check, Driver, Kind, labels
from grader.judging.rules import no_sample
from grader.judging.traces import floats, is_list_of_numbers
from grader.key import Question
from grader.nest import is_numeric
from grader.report import Finding
from grader.sandbox.wire import Opaque


@frozen
class Options:
    """`part` is the place of the one of several answers that is bounded, None for a single answer."""

    part: int | None = None


def bounded(
    points: int,
    claim: str,
    bounds: Callable[[Inputs], Sequence[tuple]],
    on: str | Sequence[str] = (),
    part: str | int | None = None,
    driver: Driver | None = None,
) -> Check:
    """The answer's numbers lie between bounds: for a random answer whose size a theory gives.

    `bounds(inputs)` returns pairs (low, high), each of the two a list as long as the answer. One of the pairs must hold for
    all of it: so a student may choose between two laws, but not mix them. Choose bounds that a right answer leaves less than
    once in 10⁹ times, and write the arithmetic beside them. `part` picks one of several answers, by name or place:
    what is wrong with the others costs nothing of what it earns. A single number is bounded as a list of one.

        def near_one(inputs):  # 10⁴ uniform numbers: six standard deviations of their mean are 6/√(12·10⁴) = 0.017
            return [([0.48], [0.52])]

        bounded(1, "has a mean near a half", bounds=near_one, on="ten thousand numbers")
    """
    return Check(
        claim,
        points,
        KIND,
        labels(on),
        facts=lambda inputs, draw: _arrays(bounds(inputs)),
        options=Options(part),
        driver=driver,
    )


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    (answer,), (question,) = answers, questions
    path = () if options.part is None else (options.part,)
    answer = only(answer, question.expected, path or None)
    if found := no_sample([answer], questions, names):
        return found
    part = _part(answer, options)
    values = floats(_as_list(part))
    misses = [np.flatnonzero(~((low <= values) & (values <= high))) for low, high in facts]
    pair = min(range(len(facts)), key=lambda number: len(misses[number]))
    if not len(misses[pair]):
        return None
    i, (low, high) = int(misses[pair][-1]), facts[pair]
    place = named(path if _is_single(part) else (*path, i), names)
    text = f"{place} is {values[i]:.4g}, expected between {low[i]:.4g} and {high[i]:.4g}"
    return Finding("value", f"{text} ({in_case(question)})")


def trace(answers: list, facts: Any, options: Options) -> Opaque:
    """Which numbers lie below, between or above each pair of bounds."""
    (answer,) = answers
    answer = _as_list(_part(answer, options))
    if not is_list_of_numbers(answer) or len(answer) != len(facts[0][0]):
        return Opaque(describe(answer))
    values = floats(answer)
    sides = [np.where(values < low, "<", np.where(values > high, ">", "=")) for low, high in facts]
    return Opaque(", ".join("".join(side) for side in sides))


def _part(answer: Any, options: Options) -> Any:
    """What is bounded of an answer; an answer that has no such part stays as it is."""
    has_it = options.part is not None and isinstance(answer, list | tuple) and options.part < len(answer)
    return answer[options.part] if has_it else answer


def _is_single(part: Any) -> bool:
    return is_numeric(part) and np.ndim(part) == 0


def _as_list(part: Any) -> Any:
    return [part] if _is_single(part) else part


def _arrays(pairs: Sequence[tuple]) -> list:
    return [[np.atleast_1d(np.array(bound, float)) for bound in pair] for pair in pairs]


KIND = Kind("bounded", decide, Options, parts=("part",), has_one_answer=False, trace=trace, exact=0)
