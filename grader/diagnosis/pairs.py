"""Two mistakes at once in one array: two listed ones, or a listed one and a sign, a size or a transpose.

A key has the answer of each mistake alone. Two that act on different terms add up, two that act as factors multiply.
Nothing is said unless exactly one pair gives all the answers.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from grader.diagnosis.evidence import ENOUGH, Evidence
from grader.diagnosis.explain_sizes import axis_sizes
from grader.judging.compare import difference
from grader.key import ExerciseKey, MistakeKey
from grader.nest import FormError, is_numeric, mapped, numeric_leaves

BOTH = "Two things at once."
LOOSER = 100  # tolerances: a product of two answers has the rounding of both
A_FEW = 8  # entries by which most pairs are ruled out
LARGEST = 1 << 16  # entries: larger answers are not searched
Second = Callable[[Evidence, object], object]  # what becomes of an answer with the first mistake


def two_mistakes(exercise: ExerciseKey, evidence: Sequence[Evidence], is_partly_right: bool) -> str:
    """Sentences on the one pair of mistakes that gives every answer; empty if none does, or more than one."""
    telling = sum(item.tells and not item.is_right for item in evidence)
    if not evidence or telling + is_partly_right < ENOUGH or any(_is_unfit(item) for item in evidence):
        return ""
    found: dict[str, None] = {}
    with np.errstate(all="ignore"):
        for text, first, second in _pairs(exercise, evidence):
            if all(_is_of_both(item, first, second) for item in evidence):
                found[text] = None
                if len(found) > 1:
                    return ""
    return next(iter(found), "")


def _is_unfit(item: Evidence) -> bool:
    leaves = numeric_leaves(item.question.expected)
    return item.answer is None or not leaves or sum(np.size(leaf) for _, leaf in leaves) > LARGEST


def _pairs(exercise: ExerciseKey, evidence: Sequence[Evidence]) -> Iterator[tuple[str, str, Second]]:
    listed = [each for each in exercise.mistakes if any(each.name in item.question.mistakes for item in evidence)]
    for how in (_added, _multiplied):
        for one, other in _possible(listed, evidence, how):
            yield f"{BOTH} {one.sentence} {other.sentence}", one.name, _with(other, how)
    for one in listed:
        yield f"{one.sentence} Besides, the sign is wrong.", one.name, lambda item, answer: mapped(np.negative, answer)
        yield f"{one.sentence} Besides, it is transposed.", one.name, lambda item, answer: mapped(np.transpose, answer)
        for size in sorted({name for item in evidence for name in _sizes(exercise, item)}):
            for words, power in (("large", 1), ("small", -1)):
                text = f"{one.sentence} Besides, it is {size} times too {words}: a sum or a mean in the wrong place?"
                yield text, one.name, _times(exercise, size, power)


def _possible(
    listed: Sequence[MistakeKey], evidence: Sequence[Evidence], how: Callable
) -> Iterator[tuple[MistakeKey, MistakeKey]]:
    """The pairs that give a few entries of one wrong answer; all others are ruled out by one look at these."""
    item = next((item for item in evidence if not item.is_right), evidence[0])
    right, got = _entries(item.question.expected), _entries(item.answer)
    if right is None or got is None or right.shape != got.shape:
        return
    known = item.question.mistakes
    alone = {each.name: _entries(known.get(each.name, item.question.expected)) for each in listed}
    same = [each for each in listed if alone[each.name] is not None and alone[each.name].shape == right.shape]
    if len(same) < 2:
        return
    some = np.flatnonzero(right != got)[:: max(len(right) // A_FEW, 1)][:A_FEW]
    values, slack = np.stack([alone[each.name][some] for each in same]), LOOSER * max(item.question.tolerance)
    both = how(values[:, None], values[None], right[some])
    fits = ~(np.abs(both - got[some]) > slack).any(axis=-1)  # nan is no reason to rule out
    yield from ((one, other) for (i, one), (j, other) in combinations(enumerate(same), 2) if fits[i, j])


def _entries(answer: object) -> np.ndarray | None:
    """All numbers of an answer in a row; None where it has none, or others than real ones."""
    leaves = [np.asarray(leaf) for _, leaf in numeric_leaves(answer)]
    if not leaves or any(leaf.dtype.kind not in "fiub" for leaf in leaves):
        return None
    return np.concatenate([leaf.ravel().astype(float) for leaf in leaves])


def _sizes(exercise: ExerciseKey, item: Evidence) -> dict[str, int]:
    return axis_sizes(exercise.shapes, item.question.inputs)


def _times(exercise: ExerciseKey, size: str, power: int) -> Second:
    def second(item: Evidence, answer: object) -> object:
        factor = float(_sizes(exercise, item).get(size, np.nan)) ** power
        return mapped(lambda leaf: leaf * factor, answer)

    return second


def _with(mistake: MistakeKey, how: Callable) -> Second:
    def second(item: Evidence, answer: object) -> object:
        right = item.question.expected
        return mapped(how, answer, item.question.mistakes.get(mistake.name, right), right)

    return second


def _added(one: np.ndarray, other: np.ndarray, right: np.ndarray) -> np.ndarray:
    return one + other - right


def _multiplied(one: np.ndarray, other: np.ndarray, right: np.ndarray) -> np.ndarray:
    one, other, right = np.asarray(one), np.asarray(other), np.asarray(right)
    return np.where(right == 0, one + other - right, one * other / right)


def _is_of_both(item: Evidence, first: str, second: Second) -> bool:
    """Whether an answer is what both mistakes together give, and, where it is wrong, neither what is right nor what one gives."""
    alone = item.question.mistakes.get(first, item.question.expected)
    if alone is None or not all(is_numeric(leaf) for _, leaf in numeric_leaves(alone)):
        return False
    try:
        both = second(item, alone)
    except (FormError, TypeError, ValueError):
        return False
    tolerance = [LOOSER * each for each in item.question.tolerance]
    leaves = numeric_leaves(both)
    if len(leaves) != len(tolerance) or any(np.asarray(leaf).dtype.kind != "f" for _, leaf in leaves):
        return False
    if difference(item.answer, both, tolerance):
        return False
    return item.is_right or all(difference(both, known, tolerance) for known in (item.question.expected, alone))
