"""Explanations by shape: which axes an answer has too many, lacks, or has in place of others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from grader.diagnosis.explain_sizes import Claim, Pair
from grader.text import together

CROSSED = (
    "is n by n where n numbers are expected, and right on its diagonal: every entry meets every other one, as where an array "
    "of shape (n, 1) meets one of shape (n,), or where matrices are multiplied in place of entries"
)
Shapes = Sequence[tuple[tuple[int, ...], tuple[int, ...]]]  # of each wrong answer, its own and the expected one


def of_shape(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """At most one claim, where nothing is known of the values but on a diagonal."""
    shapes = [(pair.yours.shape, pair.expected.shape) for pair in wrong]
    if all(map(_is_crossed, wrong)) and any(yours == expected * 2 != (1, 1) for yours, expected in shapes):
        yield Claim(CROSSED, lambda pair: not pair.is_wrong or _is_crossed(pair))
        return
    if any(yours == expected for yours, expected in shapes):
        return
    text = (
        _too_many(shapes)
        or _too_few(shapes)
        or _other_axes(wrong)
        or _another_s_length(wrong)
        or _another_length(shapes)
    )
    if text:
        yield Claim(text, lambda pair: not pair.is_wrong or pair.yours.shape != pair.expected.shape)


def _is_crossed(pair: Pair) -> bool:
    """Whether an array is right on its diagonal, or, where none can be, but for axes of length 1."""
    yours, expected = pair.yours, pair.expected
    if yours.shape == expected.shape * 2 and expected.ndim == 1:
        return replace(pair, yours=yours.diagonal()).matches(expected)
    is_longer = yours.ndim > expected.ndim and yours.size == expected.size
    return is_longer and replace(pair, yours=yours.reshape(expected.shape)).matches(expected)


def _too_many(shapes: Shapes) -> str:
    left = [_left_over(*shape) for shape in shapes]
    if not all(left):
        return ""
    if all(not expected for _, expected in shapes):
        return "is an array where one number is expected: is a sum, a mean or a product missing?"
    axes = set.intersection(*map(set, left))
    if len(axes) == 1:
        count = "an axis" if len(left := axes.pop()) == 1 else f"{len(left)} axes"
        return f"has {count} too many, {_named(left)}: is a sum, a mean or a choice missing there?"
    return ""


def _too_few(shapes: Shapes) -> str:
    lost = [_left_over(expected, yours) for yours, expected in shapes]
    axes = set.intersection(*map(set, lost)) if all(lost) else set()
    if len(axes) != 1 or all(not yours for yours, _ in shapes):
        return ""
    return f"lacks {_named(axes.pop())} of what is expected: is a sum, a mean or a choice one too many there, or something left out?"


def _other_axes(wrong: Sequence[Pair]) -> str:
    """Axes of an input are left, others than the right answer's, where the sizes of one input alone tell which."""
    found = []
    for name in set.intersection(*(_arrays(pair) for pair in wrong)):
        yours, expected = (
            set.intersection(*(_kept(np.shape(pair.question.inputs[name]), shape(pair)) for pair in wrong))
            for shape in (lambda pair: pair.yours.shape, lambda pair: pair.expected.shape)
        )
        if len(yours) == len(expected) == 1 and yours != expected:
            found.append((name, yours.pop(), expected.pop()))
    if len(found) != 1:
        return ""
    name, yours, expected = found[0]
    stays = "is" if len(expected) == 1 else "are"
    return f"has {_named(yours)} of {name} left, where {_named(expected)} {stays} to be: is a sum, a mean or a choice along another axis?"


def _another_s_length(wrong: Sequence[Pair]) -> str:
    """One axis is as long as an axis of an input, or as an argument says, and the right one as another, in several cases."""
    shapes = [(pair.yours.shape, pair.expected.shape) for pair in wrong]
    axis = _one_axis(shapes)
    if axis is None or len(set(shapes)) == 1:
        return ""
    yours, expected = (
        _as_long_as([(pair, of(pair).shape[axis]) for pair in wrong])
        for of in (lambda pair: pair.yours, lambda pair: pair.expected)
    )
    if not yours or not expected:
        return ""
    return f"has {yours} along axis {axis}, where {expected} is expected"


def _one_axis(shapes: Shapes) -> int | None:
    """The one axis in which each answer's shape differs from the expected one; None if there are more, or another number."""
    if any(len(yours) != len(expected) for yours, expected in shapes):
        return None
    axes = {i for yours, expected in shapes for i, (n, m) in enumerate(zip(yours, expected, strict=True)) if n != m}
    return axes.pop() if len(axes) == 1 else None


def _as_long_as(measured: Sequence[tuple[Pair, int]]) -> str:
    """The first axis of an input, or number, that is this long in each case; empty if none is."""
    fitting = [[text for text, length in _lengths(pair) if length == size] for pair, size in measured]
    return next((text for text in fitting[0] if all(text in others for others in fitting)), "")


def _lengths(pair: Pair) -> Iterator[tuple[str, int]]:
    for name, value in pair.question.inputs.items():
        if isinstance(value, np.ndarray):
            yield from ((f"the length of axis {axis} of {name}", length) for axis, length in enumerate(value.shape))
        elif type(value) is int:
            yield f"the length {name}", value


def _arrays(pair: Pair) -> set[str]:
    return {name for name, value in pair.question.inputs.items() if isinstance(value, np.ndarray)}


def _kept(shape: tuple[int, ...], left: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Which axes of a shape may be the ones that are left of it, in their order; none if none are or all."""
    axes = range(len(shape))
    some = combinations(axes, len(left)) if 0 < len(left) < len(shape) else ()
    return {kept for kept in some if tuple(shape[i] for i in kept) == left}


def _another_length(shapes: Shapes) -> str:
    """One axis is longer by one entry, or shorter, in each of several cases."""
    axis = _one_axis(shapes)
    if axis is None or len(shapes) < 2:
        return ""
    steps = {yours[axis] - expected[axis] for yours, expected in shapes}
    if steps in ({1}, {-1}):
        return f"is one entry {'longer' if steps == {1} else 'shorter'} than expected along axis {axis}"
    return ""


def _left_over(longer: tuple[int, ...], shorter: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Which axes of the longer shape can be taken away so that the shorter one is left."""
    count = len(longer) - len(shorter)
    if count < 1:
        return []
    return [
        axes
        for axes in combinations(range(len(longer)), count)
        if tuple(n for i, n in enumerate(longer) if i not in axes) == shorter
    ]


def _named(axes: tuple[int, ...]) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {together(list(map(str, axes)))}"
