"""Generic explanations of a wrong answer, for mistakes that no author has listed."""

from collections.abc import Sequence
from typing import Any

from grader.key import ExerciseKey


def explain(exercise: ExerciseKey, evidence: Sequence[Any]) -> str:
    """A sentence that holds on all the evidence, or an empty one."""
    return ""
