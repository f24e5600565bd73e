"""Explanations by size: a factor that is a size of the inputs, a term that is missing or extra, lost precision.

A claim is a predicate about one part of an answer. It counts only if it holds on every case in which that part is
wrong, so most claims that are proposed here are rejected.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import isfinite, sqrt
from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.judging.compare import wrong_entries
from grader.key import Question

CLEARLY = 10  # tolerances: an error smaller than this can only be explained by rounding
ROUNDINGS = 100  # how many roundings in lower precision may have added up
SUMMED, AVERAGED = ": a sum instead of a mean?", ": a mean instead of a sum?"


@frozen
class Pair:
    """One part of an answer and its expected value in one case, both as float64.

    `dtype` is the answer's original dtype, `kind` the kind of the expected value's (f, i, u or b).
    """

    question: Question
    yours: np.ndarray
    expected: np.ndarray
    tolerance: float
    dtype: np.dtype
    kind: str
    is_wrong: bool

    def matches(self, predicted: np.ndarray, scale: float = 1.0) -> bool:
        """Whether the answer is `predicted`, to within `scale` tolerances."""
        return predicted.shape == self.yours.shape and same(self.yours, predicted, scale * self.tolerance)

    @property
    def is_clear(self) -> bool:
        """Whether the answer is wrong by far more than rounding, in form or in value."""
        return not self.matches(self.expected, CLEARLY) or self.dtype.kind != self.kind or self.dtype.itemsize < 8

    @property
    def is_zero(self) -> bool:
        return not np.any(self.expected)


@frozen
class Claim:
    """A sentence about a part and the predicate that says on which pairs it is true.

    On a right pair, true means that the mistake changes nothing there. `general` is a weaker sentence, said when
    several claims that share it compete. A claim that `spreads` is also preferred for every other part on which it
    holds.
    """

    text: str
    holds: Callable[[Pair], bool]
    general: str = ""
    spreads: bool = False


def same(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return not wrong_entries(a, b, tolerance).any()


def magnitudes(shapes: Mapping[str, Sequence[str]], pairs: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that the answer is the expected one times a size, or plus or minus something."""
    first = next(pair for pair in pairs if pair.is_wrong)
    if first.kind == "b":
        yield Claim("is inverted: True where False is right, and False where True is", _inverted)
        return
    if first.yours.shape != first.expected.shape:
        return
    yield from _sized(shapes, pairs)
    if first.kind == "c":
        yield Claim("is the complex conjugate of the right one", lambda pair: pair.matches(pair.expected * [1.0, -1.0]))
        return
    if first.kind in "iu":
        yield from _offsets(first)
    yield from _terms(pairs)


def precisions(pairs: Sequence[Pair]) -> Iterator[Claim]:
    """Claims that the values are right, but have another type or too few digits."""
    first = next(pair for pair in pairs if pair.is_wrong)
    if first.dtype.kind != first.kind:
        wanted = {"b": "bool", "f": "float64", "c": "complex128"}.get(first.kind, "integer")
        yield Claim(f"has the right values, but as {first.dtype} where {wanted} is expected", _of_another_kind)
        yield Claim(f"is {first.dtype}, so everything after the decimal point is cut off", _truncated)
    for precision, digits in ((np.float32, 7), (np.float16, 3)):
        text = f"is {np.dtype(precision).name}: right to {digits} digits, where float64 is expected"
        yield Claim(text, lambda pair, kind=precision: pair.dtype == kind and _is_near(pair, kind))
    yield Claim("is right to about 7 digits only: is something computed in float32 on the way?", _went_through_float32)


def axis_sizes(shapes: Mapping[str, Sequence[str]], inputs: Mapping[str, Any]) -> dict[str, int]:
    """The size of each named axis of the inputs, such as {"T": 5, "D": 7}; a name with two sizes is left out."""
    found: dict[str, set[int]] = {}
    for argument, axes in shapes.items():
        value = inputs.get(argument)
        if isinstance(value, np.ndarray):
            for name, size in _aligned(list(axes), value.shape):
                found.setdefault(name, set()).add(size)
    return {name: sizes.pop() for name, sizes in found.items() if len(sizes) == 1 and name.isidentifier()}


def _aligned(axes: list[str], shape: tuple[int, ...]) -> list[tuple[str, int]]:
    """The axes with their sizes; an ellipsis stands for the axes in between, which have no names."""
    gaps = [i for i, axis in enumerate(axes) if axis in ("...", "…")]
    if not gaps:
        return list(zip(axes, shape, strict=True)) if len(axes) == len(shape) else []
    before, after = axes[: gaps[0]], axes[gaps[0] + 1 :]
    if len(gaps) > 1 or len(before) + len(after) > len(shape):
        return []
    return [*zip(before, shape, strict=False), *zip(after, shape[len(shape) - len(after) :], strict=True)]


def scaled(text: str, factor: Callable[[Pair], float], spreads: bool = False) -> Claim:
    """A claim that the answer is the expected one times a factor."""
    return Claim(text, lambda pair: pair.matches(factor(pair) * pair.expected, abs(factor(pair))), spreads=spreads)


def _sized(shapes: Mapping[str, Sequence[str]], pairs: Sequence[Pair]) -> Iterator[Claim]:
    """Claims of a factor that is a size of the inputs; only if sizes vary and they explain the right cases, too."""
    telling = [pair for pair in pairs if not pair.is_zero]
    known = [axis_sizes(shapes, pair.question.inputs) for pair in pairs]
    measured = {id(pair.question): sizes for pair, sizes in zip(pairs, known, strict=True)}
    names = [name for name in known[0] if all(name in sizes for sizes in known)]
    for size, text in _factors(names, shapes):

        def factor(pair: Pair, size: Callable = size) -> float:
            sizes = measured.get(id(pair.question)) or axis_sizes(shapes, pair.question.inputs)
            return size(sizes) if all(name in sizes for name in names) else np.nan

        claim = scaled(text, factor, spreads=True)
        if len({factor(pair) for pair in telling}) > 1 and all(map(claim.holds, pairs)):
            yield claim


def _factors(
    names: Sequence[str], shapes: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Callable[[dict], float], str]]:
    """Functions of the sizes, each with the sentence for an answer that is off by that factor."""
    for n in names:
        batch = ", where N is the batch size" if n == "N" else _being(n, shapes)
        yield lambda s, n=n: s[n], f"is {n} times too large{batch}{SUMMED if n == 'N' else ''}"
        yield lambda s, n=n: 1 / s[n], f"is {n} times too small{batch}{AVERAGED if n == 'N' else ''}"
        yield lambda s, n=n: -s[n], f"has the wrong sign and is {n} times too large{batch}{SUMMED if n == 'N' else ''}"
        yield lambda s, n=n: -1 / s[n], f"has the wrong sign and is {n} times too small{batch}"
        yield lambda s, n=n: sqrt(s[n]), f"is √{n} times too large{batch}"
        yield lambda s, n=n: 1 / sqrt(s[n]), f"is √{n} times too small{batch}"
        yield (
            lambda s, n=n: s[n] / max(s[n] - 1, 0.5),
            f"is {n}/({n} − 1) times too large{batch}: should the divisor be {n}?",
        )
        yield (
            lambda s, n=n: (s[n] - 1) / s[n],
            f"is {n}/({n} − 1) times too small{batch}: should the divisor be {n} − 1?",
        )
    for n, m in combinations(names, 2):
        batch = "N" in (n, m)
        yield lambda s, n=n, m=m: s[n] * s[m], f"is {n}·{m} times too large{SUMMED if batch else ''}"
        yield lambda s, n=n, m=m: 1 / (s[n] * s[m]), f"is {n}·{m} times too small{AVERAGED if batch else ''}"


def _being(name: str, shapes: Mapping[str, Sequence[str]]) -> str:
    argument, axes = next((argument, list(axes)) for argument, axes in shapes.items() if name in axes)
    place = "the last" if axes[-1] == name else "the first" if axes[0] == name else "an"
    return (
        f", where {name} is {place} axis of {argument}"
        if len(axes) > 1
        else f", where {name} is the length of {argument}"
    )


def _inverted(pair: Pair) -> bool:
    return pair.matches(1 - pair.expected)


def _offsets(first: Pair) -> Iterator[Claim]:
    offset = float((first.yours - first.expected).flat[0])
    if isfinite(offset) and offset:
        text = f"is exactly {abs(offset):g} too {'large' if offset > 0 else 'small'} in every entry"
        yield Claim(text, lambda pair: pair.matches(pair.expected + offset))


def _terms(pairs: Sequence[Pair]) -> Iterator[Claim]:
    wrong = [pair for pair in pairs if pair.is_wrong]
    for name in wrong[0].question.inputs:
        values = [_term(pair, name) for pair in wrong]
        if any(value is None for value in values) or _all_one(values):
            continue
        for times, (off, asks) in TERMS.items():
            text = f"is off by exactly {off}{name}: {asks.format(name)}"

            def holds(pair: Pair, name: str = name, times: int = times) -> bool:
                term = _term(pair, name)
                return term is not None and pair.matches(pair.expected + times * term)

            yield Claim(text, holds)


TERMS = {
    -1: ("-", "is {} missing?"),
    1: ("+", "is {} added once too often?"),
    -2: ("-2·", "does {} have the wrong sign?"),
    2: ("+2·", "does {} have the wrong sign?"),
}


def _term(pair: Pair, name: str) -> np.ndarray | None:
    """An input broadcast to the answer's shape, as if it were added to the answer; None if it does not fit."""
    value = pair.question.inputs.get(name)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not 0 < value.ndim <= pair.expected.ndim:
        return None
    fits = all(n in (1, m) for n, m in zip(value.shape[::-1], pair.expected.shape[::-1], strict=False))
    return np.broadcast_to(value, pair.expected.shape) if fits else None


def _all_one(values: Sequence[np.ndarray]) -> bool:
    """Whether all entries are one and the same number, which could also come from elsewhere than this input."""
    return all(a.flat[0] == b.flat[0] for a, b in pairwise(values)) and all((a == a.flat[0]).all() for a in values)


def _of_another_kind(pair: Pair) -> bool:
    return pair.dtype.kind != pair.kind and pair.matches(pair.expected)


def _truncated(pair: Pair) -> bool:
    return (
        pair.dtype.kind in "iu"
        and pair.kind == "f"
        and not pair.matches(pair.expected)
        and pair.matches(np.trunc(pair.expected))
    )


def _is_near(pair: Pair, precision: type) -> bool:
    if pair.kind != "f" or pair.yours.shape != pair.expected.shape:
        return False
    scale = np.abs(pair.expected[np.isfinite(pair.expected)]).max(initial=0.0)
    return pair.matches(pair.expected, 1.0) or same(
        pair.yours, pair.expected, ROUNDINGS * float(np.finfo(precision).eps) * scale
    )


def _went_through_float32(pair: Pair) -> bool:
    """Whether every entry is a float32 number, and some are no float16 number: hardly a coincidence in float64."""
    if pair.dtype != np.float64 or not _is_near(pair, np.float32):
        return False
    single, half = (pair.yours.astype(precision).astype(np.float64) for precision in (np.float32, np.float16))
    return np.array_equal(single, pair.yours) and (not pair.is_wrong or not np.array_equal(half, pair.yours))
