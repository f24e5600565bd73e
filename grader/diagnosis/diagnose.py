"""Say what went wrong, but only when sure: named mistakes first, then explanations that need no author.

A wrong diagnosis costs a student more than no diagnosis, so every rule here must hold on all the evidence at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.judging.compare import difference
from grader.key import ExerciseKey, MistakeKey, Question
from grader.nest import numeric_leaves


@dataclass(frozen=True)
class Evidence:
    """One question and the student's answer to it; the answer is None if the function raised."""

    question: Question
    answer: Any
    is_right: bool


@dataclass(frozen=True)
class Diagnosis:
    """The cause of a wrong answer: `text` says what was done and what to try, `mistake` names a listed one, if any."""

    text: str
    mistake: str = ""


def diagnose(exercise: ExerciseKey, evidence: Sequence[Evidence]) -> Diagnosis | None:
    """The one diagnosis that fits all the evidence, or None."""
    if all(item.is_right for item in evidence):
        return None
    if fitting := _fitting(exercise, evidence):
        return named_mistake(exercise, evidence) if len(fitting) == 1 else None
    from grader.diagnosis.explain import explain  # loads many rules, needed only for a wrong answer

    text = explain(exercise, evidence)
    return Diagnosis(text) if text else None


def named_mistake(exercise: ExerciseKey, evidence: Sequence[Evidence]) -> Diagnosis | None:
    """The one listed mistake that fits all the evidence, or None."""
    fitting = _fitting(exercise, evidence)
    return Diagnosis(fitting[0].sentence, fitting[0].name) if len(fitting) == 1 else None


def _fitting(exercise: ExerciseKey, evidence: Sequence[Evidence]) -> list[MistakeKey]:
    return [mistake for mistake in exercise.mistakes if _fits(mistake.name, evidence)]


def _fits(mistake: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the answers equal the mistake's wherever that differs from the reference, and are right elsewhere."""
    for item in evidence:
        if mistake not in item.question.mistakes:
            if not item.is_right:
                return False
            continue
        theirs = item.question.mistakes[mistake]
        if theirs is None:
            if item.answer is not None:
                return False
        elif difference(item.answer, theirs, _tolerances(item.question, theirs)):
            return False
    return True


def _tolerances(question: Question, answer: Any) -> Sequence[float]:
    """A tolerance for each leaf of an answer: the question's own, or its largest if the answer has another form."""
    count = len(numeric_leaves(answer))
    if count == len(question.tolerance):
        return question.tolerance
    return [max(question.tolerance, default=0.0)] * count
