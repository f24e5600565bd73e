"""Check that an answer has the types and shapes of the expected one, whatever its values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.judging.compare import Difference, difference
from grader.key import Question
from grader.nest import numeric_leaves
from grader.report import Finding
from grader.sandbox import wire


def in_case(question: Question) -> str:
    """The words with which a finding names its case: `case: a single token`."""
    return f"case: {question.label}"


def no_answer(answers: list, questions: list[Question], names: Sequence[str]) -> Finding | None:
    """A finding if an answer cannot be judged for a property, because it has the wrong form or is one of the inputs.

    The form is the types and shapes of the expected answer. An input that is handed back often has the property that a
    check asks for: `x` itself has the length of `x`.
    """
    for answer, question in zip(answers, questions, strict=True):
        if found := of_form(answer, question, names):
            return Finding(found.kind, f"{found.text} ({in_case(question)})")
        for name, value in question.inputs.items():
            if _is_only(answer, value) and not _is_only(question.expected, value):
                return Finding("value", f"your answer is the input {name}, unchanged ({in_case(question)})")
    return None


def _is_only(answer: Any, value: Any) -> bool:
    """Whether an answer is the given value, or consists of it in every part."""
    if isinstance(answer, list | tuple) and answer and not wire.same(answer, value):
        return all(_is_only(part, value) for part in answer)
    return wire.same(answer, value)


def of_form(answer: Any, question: Question, names: Sequence[str]) -> Difference | None:
    """The first difference in type, dtype or shape between an answer and the expected one; None if there is none."""
    found = difference(answer, question.expected, [np.inf] * len(numeric_leaves(question.expected)), names)
    return found if found and found.kind != "value" else None
