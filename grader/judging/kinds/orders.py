"""`orders`: the answer lists the given members, each once, in an order that respects the pairs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.judging.compare import difference
from grader.judging.forms import in_case
from grader.judging.kinds.kind import Check, Driver, Kind, labels
from grader.key import Question
from grader.report import Finding
from grader.text import one_line


def orders(
    points: int,
    claim: str,
    facts: Callable[[Inputs], tuple[list, list]],
    on: str | Sequence[str] = (),
    driver: Driver | None = None,
) -> Check:
    """The answer is a list of the given members, each once, in any order that respects the pairs.

    `facts(inputs)` returns (members, pairs); a pair (a, b) means that a comes before b.

        def needs(inputs):
            graph = inputs["graph"]  # what each node is computed from
            return list(graph), [(early, late) for late in graph for early in graph[late]]

        orders(3, "lists each node after those it is computed from", facts=needs)
    """
    return Check(claim, points, KIND, labels(on), facts=lambda inputs, draw: facts(inputs), driver=driver)


def decide(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Any) -> Finding | None:
    (answer,), (question,) = answers, questions
    members, pairs = facts
    where = in_case(question)
    if isinstance(answer, np.ndarray) and answer.ndim == 1 and answer.dtype.kind in "iu":
        answer = answer.tolist()
    if not isinstance(answer, list | tuple):
        found = difference(answer, question.expected, question.tolerance, names)
        return Finding("type", f"{found.text} ({where})" if found else f"expected a list ({where})")
    answer = [item.item() if isinstance(item, np.ndarray) and item.ndim == 0 else item for item in answer]
    for member in members:
        if (count := sum(type(item) is type(member) and item == member for item in answer)) != 1:
            return Finding("value", f"{member!r} {_times(count)}, expected once ({where})")
    if len(answer) != len(members):
        extra = next(item for item in answer if not any(type(item) is type(m) and item == m for m in members))
        return Finding("value", f"{one_line(repr(extra), 40)} is in your list, but it does not belong there ({where})")
    position = {item: index for index, item in enumerate(answer)}
    wrong = [(first, second) for first, second in pairs if position[first] > position[second]]
    if not wrong:
        return None
    first, second = wrong[0]
    turned = "; reversed, your list is right" if len(wrong) == len(pairs) > 1 else ""
    return Finding("value", f"{second!r} comes before {first!r} in your list, expected after it{turned} ({where})")


def _times(count: int) -> str:
    return "is missing from your list" if count == 0 else f"is in your list {count} times"


KIND = Kind("orders", decide, has_one_answer=False, is_of_answers=True)
