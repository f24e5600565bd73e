"""Answers in float32, where a framework works in it: judged as right as float32 can be, and no righter."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.answer import Answer
from grader.key import ExerciseKey, Question
from grader.nest import leaves, mapped
from grader.sandbox.frameworks import FRAMEWORKS


def is_single(exercise: ExerciseKey, packages: Sequence[str], ask: Callable[[Question], Answer]) -> bool:
    """Whether a file answers in float32 and may: its worker has a framework that works in it. One question is asked to know.

    Who writes NumPy alone is not asked: NumPy has float64 unless somebody takes it away.
    """
    if not any(FRAMEWORKS[name].is_single for name in packages if name in exercise.frameworks):
        return False
    if not all(question.single for question in exercise.questions):
        return False
    return any(_is_float32(leaf) for _, leaf in leaves(ask(exercise.questions[0]).value))


def in_single(exercise: ExerciseKey) -> ExerciseKey:
    """The exercise with the tolerances of float32."""
    questions = [replace(question, tolerance=question.single) for question in exercise.questions]
    return replace(exercise, questions=questions)


def widened(tree: Any) -> Any:
    """A nest with float64 in place of float32, which it holds exactly.

    >>> widened((np.float32([0.5]), "kept"))
    (array([0.5]), 'kept')
    """
    return mapped(lambda leaf: leaf.astype(np.float64) if _is_float32(leaf) else leaf, tree)


def _is_float32(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype == np.float32
