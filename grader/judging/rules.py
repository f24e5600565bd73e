"""What the rules of several kinds of checks share. A rule is a pure function of rebuilt data, on our side."""

from collections.abc import Sequence

from grader.judging.forms import in_case, of_form
from grader.key import Question
from grader.nest import numeric_leaves
from grader.report import Finding


def no_sample(answers: list, questions: list[Question], names: Sequence[str]) -> Finding | None:
    """A finding where random numbers have another form; which number stands where is not asked, so none is expected."""
    (answer,), (question,) = answers, questions
    if not (found := of_form(answer, question, names)):
        return None
    text = found.text
    if found.kind == "nonfinite":
        text = f"{text.partition(', expected ')[0]}, expected a finite number"
    return Finding(found.kind, f"{text} ({in_case(question)})")


def tolerance_at(question: Question, path: tuple) -> float:
    """The largest tolerance below a path; 0 where there is nothing but text."""
    paired = zip(numeric_leaves(question.expected), question.tolerance, strict=True)
    return max((t for (where, _), t in paired if where[: len(path)] == path), default=0.0)
