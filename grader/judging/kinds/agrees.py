"""`agrees`: the answers are the reference's."""

from collections.abc import Sequence
from typing import Any

from grader.frozen import frozen
from grader.judging.compare import difference, only
from grader.judging.error_maps import error_map
from grader.judging.forms import in_case
from grader.judging.kinds.kind import Check, Driver, Kind, labels
from grader.judging.rules import tolerance_at
from grader.key import Question
from grader.report import Finding


@frozen
class Options:
    """`parts` are those of several answers that count, None for all of them."""

    parts: tuple[int, ...] | None = None


def agrees(
    points: int,
    claim: str,
    on: str | Sequence[str] = (),
    part: str | int | Sequence[str | int] | None = None,
    driver: Driver | None = None,
) -> Check:
    """The answers are the reference's, to within the measured rounding noise.

    `part` picks one of several answers, or some, by the names they have in the shape line or by their places: a wrong
    db then costs nothing of what dx earns.

        agrees(2, "returns dx, the gradient with respect to the input", part="dx")
    """
    several = tuple(part) if isinstance(part, list | tuple) else (part,)
    return Check(claim, points, KIND, labels(on), options=Options(None if part is None else several), driver=driver)


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    (answer,), (question,) = answers, questions
    answer = only(answer, question.expected, options.parts)
    found = difference(answer, question.expected, question.tolerance, names)
    if not found:
        return None
    where = error_map(answer, question.expected, found.path, tolerance_at(question, found.path), names)
    return Finding(found.kind, f"{found.text} ({in_case(question)})", map=where)


KIND = Kind("agrees", decide, Options, parts=("parts",), compares=True)
