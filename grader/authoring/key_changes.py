"""Compare two keys of a unit, ignoring differences that are only another processor's rounding."""

from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from grader.compiling.noise import rounding
from grader.judging.compare import Signs, difference, turned
from grader.key import ExerciseKey, Key, Question
from grader.nest import FormError, mapped, numeric_leaves
from grader.sandbox import wire

# Of the answer to a question, the noise of a mistake there: by how much it moves when the inputs do by their last digit.
Noise = Callable[[ExerciseKey, Question, str], list[float]]

LEAST_EDIT = 1e-8  # of an answer's largest entry: who edits a mistake moves what it answers by more, somewhere
LAST_PLACES = 4  # units in the last place by which exponentials and sums differ at most between processors


def key_change(old: Key, new: Key, noise: Noise = lambda *_: []) -> str:
    """The first difference that is more than rounding on another machine; empty if there is none.

    What a mistake answers may hang on the last digits where the right answer does not: a vector of a null space, the sine of
    a million. `noise` measures it in `new`, where the two keys differ.
    """
    if [exercise.name for exercise in old.exercises] != [exercise.name for exercise in new.exercises]:
        return "it has other exercises"
    if not _alike(replace(old, exercises=[], id=""), replace(new, exercises=[], id="")):
        return "the unit's title or packages"
    changes = (_exercise_change(a, b, noise) for a, b in zip(old.exercises, new.exercises, strict=True))
    return next(filter(None, changes), "")


def _exercise_change(old: ExerciseKey, new: ExerciseKey, noise: Noise) -> str:
    for field in fields(ExerciseKey):
        if field.name != "questions" and not _nearly_alike(getattr(old, field.name), getattr(new, field.name)):
            return f"{new.name}, its {field.name}"
    if len(old.questions) != len(new.questions):
        return f"{new.name}, {len(old.questions)} questions for {len(new.questions)}"
    for number, (a, b) in enumerate(zip(old.questions, new.questions, strict=True), 1):
        change = _question_change(a, b, new.signs_of(b)) or _mistake_change(a, b, new, noise)
        if change:
            return f"{new.name}, question {number} ({b.label}), {change}"
    return ""


def _question_change(old: Question, new: Question, signs: Signs) -> str:
    if old.label != new.label:
        return "its label"
    if old.driver != new.driver:
        return "its driver"
    if not _nearly_alike(old.inputs, new.inputs):
        return "its inputs"
    if len(old.tolerance) != len(new.tolerance) or not all(map(_near, old.tolerance, new.tolerance)):
        return "its tolerance"
    if not _rounded_alike(turned(old.expected, new.expected, signs), new.expected, new.tolerance):
        return "its expected answer"
    return ""


def _mistake_change(old: Question, new: Question, exercise: ExerciseKey, noise: Noise) -> str:
    for name in {**old.mistakes, **new.mistakes}:  # a key leaves out mistakes whose answer equals the reference's
        theirs = new.mistakes.get(name, new.expected)
        before = turned(old.mistakes.get(name, old.expected), theirs, exercise.signs_of(new))
        if _rounded_alike(before, theirs, new.tolerance):
            continue
        sizes = [LEAST_EDIT * _largest(np.asarray(leaf)) for _, leaf in numeric_leaves(theirs)]
        measured = noise(exercise, new, name) if new.mistakes.get(name) is not None else []
        if not _rounded_alike(before, theirs, [max(pair) for pair in zip_longest(sizes, measured, fillvalue=0.0)]):
            return f"the answer of mistake {name!r}"
    return ""


def _nearly_alike(old: Any, new: Any) -> bool:
    """Whether data is equal except in the last places, where exponentials and matrix products vary by processor."""
    old, new = _data(old), _data(new)
    try:
        settled = mapped(lambda a, b: b if _is_last_place(a, b) else a, old, new)
    except FormError:
        return False
    return _alike(settled, new)


def _is_last_place(old: Any, new: Any) -> bool:
    """Whether two arrays or numbers differ by no more than a few units in the last place of the largest entry."""
    a, b = np.asarray(old), np.asarray(new)
    if type(old) is not type(new) or a.dtype != b.dtype or a.shape != b.shape or a.dtype.kind not in "fc":
        return False
    if (
        a.dtype.kind == "f" and (np.signbit(a) != np.signbit(b)).any()
    ):  # a zero with another sign counts as a different input
        return False
    largest = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= LAST_PLACES * np.finfo(b.dtype).eps * largest
    return bool((near | (a == b) | (np.isnan(a) & np.isnan(b))).all())


def _alike(old: Any, new: Any) -> bool:
    """Whether data is equal bit for bit, including the sign of zeros."""
    return wire.encode(_data(old)) == wire.encode(_data(new))


def _data(tree: Any) -> Any:
    if is_dataclass(tree) and not isinstance(tree, wire.Seeded | wire.Opaque):
        return asdict(tree)
    return [_data(item) for item in tree] if isinstance(tree, list) else tree


def _near(old: float, new: float) -> bool:
    """Whether tolerances from two machines agree: within a factor of 10, and both zero or neither."""
    return old == new or 0 < old <= 10 * new <= 100 * old


def _rounded_alike(old: Any, new: Any, tolerance: list[float]) -> bool:
    """Whether answers are equal within the question's tolerance, or their own rounding if that is larger."""
    numbers = [np.asarray(leaf) for _, leaf in numeric_leaves(new)]
    if len(tolerance) != len(numbers):  # a mistake may answer in another form
        tolerance = [max(tolerance, default=0.0)] * len(numbers)
    scaled = [max(t, _rounding(array)) for t, array in zip(tolerance, numbers, strict=True)]
    return difference(old, new, scaled) is None


def _rounding(array: np.ndarray) -> float:
    return rounding(array) * _largest(array)


def _largest(array: np.ndarray) -> float:
    """The largest finite entry; 0 of what has no rounding."""
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind in "fc" else np.zeros(0)
    return float(finite.max(initial=0.0))
