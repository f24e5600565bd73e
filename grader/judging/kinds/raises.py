"""`raises`: the right answer is an exception."""

from collections.abc import Sequence
from typing import Any

from grader.frozen import frozen
from grader.judging.describing import describe
from grader.judging.forms import in_case, no_answer
from grader.judging.kinds.kind import Cases, Change, Check, Driver, Kind, labels
from grader.judging.traces import Raised
from grader.key import Question
from grader.report import Finding
from grader.sandbox.wire import Opaque


@frozen
class Options:
    """`error` names the exception, or one of its bases."""

    error: str


def raises(
    points: int, claim: str, error: str, unless: Change, on: str | Sequence[str], driver: Driver | None = None
) -> Check:
    """The right answer is an exception, by its name or that of one of its bases.

    Both halves count: after `unless` of the inputs there is an answer of the reference's form, so raising always fails.

        def made_regular(inputs, draw):
            return inputs | {"A": inputs["A"] + np.eye(2)}

        raises(1, "raises LinAlgError for a singular matrix", "LinAlgError", unless=made_regular, on="a singular matrix")
    """
    return Check(claim, points, KIND, labels(on), (unless,), options=Options(error), driver=driver)


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    answer, instead = answers
    where = in_case(questions[0])
    error = options.error
    if not isinstance(answer, Raised):
        return Finding("value", f"your function returns {describe(answer)}, but it must raise {error} ({where})")
    if error not in answer.names:
        return Finding("exception", f"your function raises {answer.names[-1]}, but it must raise {error} ({where})")
    if isinstance(instead, Raised):
        return Finding("exception", f"your function raises {error} even where there is an answer ({where})")
    return no_answer([instead], questions[1:], names)


def trace(answers: list, facts: Any, options: Options) -> Any:
    """Whether there is an answer where an exception is right."""
    return None if isinstance(answers[0], Raised) else Opaque("a value")


KIND = Kind(
    "raises",
    decide,
    Options,
    cases=Cases.OPEN,
    has_one_answer=False,
    trace=trace,
    error=lambda options: options.error,
)
