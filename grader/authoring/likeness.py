"""Two mistakes of an exercise that answer alike: no question tells them apart, so a student is told neither."""

from collections.abc import Collection
from typing import Any

from grader.judging.compare import difference
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.nest import numeric_leaves


def twin_of(name: str, key: ExerciseKey, others: Collection[str]) -> str:
    """Another mistake that answers every question as this one does; empty if there is none."""
    return next((other for other in others if other != name and _are_alike(name, other, key)), "")


def _are_alike(one: str, other: str, key: ExerciseKey) -> bool:
    told = [question for question in key.questions if one in question.mistakes or other in question.mistakes]
    return bool(told) and all(_agree(_answer(question, one), _answer(question, other), question) for question in told)


def _answer(question: Question, mistake: str) -> Any:
    return question.mistakes.get(mistake, question.expected)


def _agree(mine: Any, theirs: Any, question: Question) -> bool:
    if mine is None or theirs is None or isinstance(mine, Raised) or isinstance(theirs, Raised):
        return mine is theirs
    tolerance = [max(question.tolerance, default=0.0)] * len(numeric_leaves(theirs))
    return difference(mine, theirs, tolerance) is None
