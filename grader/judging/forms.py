"""Whether an answer has the form of an answer at all, and how a finding names its case."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.judging.compare import Difference, difference, leaves
from grader.key import Question
from grader.report import Finding
from grader.sandbox import wire


def on(question: Question) -> str:
    """How a finding names its case."""
    return f"case: {question.label}"


def no_answer(answers: list, questions: list[Question], names: Sequence[str]) -> Finding | None:
    """A finding where an answer cannot have a property: it has another form, or it is one of the inputs handed back.

    The form is that of the expected answer, whatever the values. An input often has the property that is asked for:
    x keeps the length of x.
    """
    for answer, question in zip(answers, questions, strict=True):
        if found := of_form(answer, question, names):
            return Finding(found.kind, f"{found.text} ({on(question)})")
        for name, value in question.inputs.items():
            if _is_only(answer, value) and not _is_only(question.expected, value):
                return Finding("value", f"your answer is the input {name}, unchanged ({on(question)})")
    return None


def _is_only(answer: Any, value: Any) -> bool:
    """Whether an answer is a value and nothing else: the value itself, or it in every part."""
    if isinstance(answer, list | tuple) and answer and not wire.same(answer, value):
        return all(_is_only(part, value) for part in answer)
    return wire.same(answer, value)


def of_form(answer: Any, question: Question, names: Sequence[str]) -> Difference | None:
    """How the form of an answer is not that of the expected one."""
    found = difference(answer, question.expected, [np.inf] * len(list(leaves(question.expected))), names)
    return found if found and found.kind != "value" else None
