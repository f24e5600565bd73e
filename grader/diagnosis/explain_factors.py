"""Explanations by a factor: one number for all cases, one that is an argument, another in each case, another in each row."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import isfinite, prod
from typing import Any

import numpy as np

from grader.diagnosis.explain_sizes import Claim, Pair, scaled
from grader.nest import numeric_leaves

LARGEST = 1000  # a whole number beyond is not called one
LARGEST_TERM = 12  # of a fraction
TWICE = 2  # the factor that formulas have most, and the length of many an axis
NEAR = 1e-4  # how well a ratio is known before the claim is tried on every entry
CLEARLY = 1e-3  # the relative difference of two factors that are not one
SHOWN = 3  # factors
VARIED = 3  # different values that a factor which is read off them must explain
ROOTS = {"√2": 2.0, "√3": 3.0, "√π": math.pi, "√(2π)": 2 * math.pi}
PLAIN = {"π": math.pi, "(2π)": 2 * math.pi, "log 2": math.log(2), "log 10": math.log(10)}
KNOWN = {**{name: math.sqrt(square) for name, square in ROOTS.items()}, **PLAIN}
OF_A_BASE = ": is one logarithm natural, and the other one to base {}?"
TOO_OFTEN = "is {} multiplied in once too often, or a division by it missing?"
LACKING = "is a factor of {} missing, or is it divided by once too often?"
ROOT = "is {} written where its root is meant, or the other way round?"
POWERS: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("{}", TOO_OFTEN, lambda s: s),
    ("1/{}", LACKING, lambda s: 1 / s),
    ("-{}", f"is the sign wrong, and {TOO_OFTEN}", lambda s: -s),
    ("-1/{}", f"is the sign wrong, and {LACKING}", lambda s: -1 / s),
    ("{}²", "is {} multiplied in where it divides?", lambda s: s**2),
    ("1/{}²", "is {} divided by where it is a factor?", lambda s: s**-2),
    ("√{}", ROOT, lambda s: s**0.5 if s > 0 else math.nan),
    ("1/√{}", ROOT, lambda s: s**-0.5 if s > 0 else math.nan),
    ("(1 - {})", "is a factor of 1 - {0} one too many, or a division by it missing?", lambda s: 1 - s),
    (
        "1/(1 - {})",
        "is a factor of 1 - {0} missing, or a division by it one too many?",
        lambda s: 1 / (1 - s) if s != 1 else math.nan,
    ),
)
ASKS = "is a division by a sum, a norm or a count missing, or is it by another one?"


def constants(pairs: Sequence[Pair]) -> Iterator[Claim]:
    """At most one claim: the factor that the largest entry suggests, if it is the same in every entry of every case."""
    wrong = [pair for pair in pairs if pair.is_wrong and not pair.is_zero]
    if not wrong or wrong[0].kind == "b" or wrong[0].yours.shape != wrong[0].expected.shape:
        return
    ratio = _ratio(wrong[0])
    if not ratio or not isfinite(1 / ratio):
        return
    is_larger = abs(ratio) >= 1
    whole = round(ratio) if is_larger else round(1 / ratio)
    if abs(whole) <= LARGEST and math.isclose(whole, ratio if is_larger else 1 / ratio, rel_tol=NEAR):
        yield from _whole(whole, is_larger, wrong)
    elif wrong[0].kind in "fc":
        tried = (scaled(text, lambda pair, factor=factor: factor) for text, factor in _others(ratio, wrong))
        yield from (claim for claim in tried if all(map(claim.holds, wrong)))


def _whole(whole: int, is_larger: bool, wrong: Sequence[Pair]) -> Iterator[Claim]:
    """A factor n or 1/n that is no size of the inputs."""
    is_size = abs(whole) > 1 and set.intersection(*(_roles(abs(whole), pair) for pair in wrong))
    if is_size and not (abs(whole) == TWICE and _other_sizes_vary(wrong)):
        return
    if whole == -1:
        text = "has the wrong sign"
    elif whole > 1:
        text = f"is exactly {whole} times too {'large' if is_larger else 'small'} in every entry"
    else:
        text = f"is exactly {whole if is_larger else f'-1/{-whole}'} times what is expected in every entry"
    if whole != 1:
        yield scaled(text, lambda pair: whole if is_larger else 1 / whole)


def _other_sizes_vary(pairs: Sequence[Pair]) -> bool:
    """Whether the inputs of these cases have different shapes, so that a size which is the same in all is hardly the cause."""
    shapes = [[(path, np.shape(array)) for path, array in numeric_leaves(pair.question.inputs)] for pair in pairs]
    return any(other != shapes[0] for other in shapes[1:])


def _others(ratio: float, wrong: Sequence[Pair]) -> list[tuple[str, float]]:
    """The sentence for a ratio that is no whole number, and the number itself: a fraction, a known one, or what was read off."""
    fraction = Fraction(ratio).limit_denominator(LARGEST_TERM)
    if abs(fraction.numerator) <= LARGEST_TERM and math.isclose(fraction, ratio, rel_tol=NEAR):
        return [(f"is exactly {fraction} times what is expected in every entry", float(fraction))]
    sign = math.copysign(1.0, ratio)
    for name, value in KNOWN.items():
        asks = OF_A_BASE.format(name.removeprefix("log ")) if name.startswith("log ") else ""
        for text, number in ((name.strip("()"), value), (f"1/{name}", 1 / value)):
            if math.isclose(abs(ratio), number, rel_tol=NEAR):
                minus = "-" if ratio < 0 else ""
                return [(f"is {minus}{text} times what is expected in every entry{asks}", sign * number)]
    return [(f"is {ratio:.4g} times what is expected in every entry", ratio)] if _is_varied(wrong) else []


def _is_varied(pairs: Sequence[Pair]) -> bool:
    """Whether enough different values are explained for a factor that was read off one of them."""
    return len(set().union(*(_sizes(pair.expected) for pair in pairs))) >= VARIED


def _sizes(array: np.ndarray) -> set[float]:
    return set(np.abs(array[np.isfinite(array) & (array != 0)]).flat)


def of_arguments(pairs: Sequence[Pair]) -> Iterator[Claim]:
    """Claims of a factor that is an argument, one number a case, or comes of it; only where it is another one somewhere."""
    telling = [pair for pair in pairs if pair.is_wrong and not pair.is_zero]
    for name in telling[0].question.inputs if telling else ():
        values = [_number(pair, name) for pair in telling]
        if not all(values) or len(set(values)) == 1:
            continue
        for shown, asks, of in POWERS:

            def factor(pair: Pair, name: str = name, of: Callable[[float], float] = of) -> float:
                value = _number(pair, name)
                return of(value) if value else math.nan

            if len({factor(pair) for pair in telling} - {1.0, -1.0}) > 1:
                yield scaled(f"is {shown.format(name)} times what is expected: {asks.format(name)}", factor)


def _number(pair: Pair, name: str) -> float:
    """An argument that is one finite number; 0 where it is none, or is 0 itself."""
    value = pair.question.inputs.get(name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and isfinite(value) else 0.0


def of_each(wrong: Sequence[Pair]) -> Iterator[Claim]:
    """At most one claim: the answer is the expected one times a number that is another in each case, or in each row."""
    if all(map(_is_a_multiple, wrong)):
        ratios = list(dict.fromkeys(f"{_ratio(pair):.4g}" for pair in wrong))
        if len(ratios) > 1:
            seen = f"{', '.join(ratios[:SHOWN])}{', …' if len(ratios) > SHOWN else ''}"
            yield Claim(f"is right but for a factor that depends on the case ({seen}): {ASKS}", _is_a_multiple)
    elif all(map(_is_a_multiple_by_rows, wrong)) and any(_differ(list(map(_ratio, _rows(pair)))) for pair in wrong):
        text = f"is right but for a factor of its own in each row along the last axis: {ASKS}"
        yield Claim(text, _is_a_multiple_by_rows)


def _differ(ratios: Sequence[float]) -> bool:
    return any(not math.isclose(ratio, ratios[0], rel_tol=CLEARLY) for ratio in ratios[1:])


def _is_a_multiple(pair: Pair) -> bool:
    """Whether the answer is the expected one times a number, in more entries than a number explains by chance."""
    ratio = _ratio(pair)
    known = _sizes(pair.expected)
    return pair.kind == "f" and ratio != 0 and len(known) >= VARIED and pair.matches(ratio * pair.expected, abs(ratio))


def _is_a_multiple_by_rows(pair: Pair) -> bool:
    """The same of every row, of which there is one at least; most answers fail in the first."""
    return next(_rows(pair), None) is not None and all(map(_is_a_multiple, _rows(pair)))


def _rows(pair: Pair) -> Iterator[Pair]:
    """The rows of an array along its last axis; none where it has one axis, no entries, or another shape than is expected."""
    if pair.yours.shape != pair.expected.shape or pair.expected.ndim < 2 or not pair.expected.size:
        return
    yours, expected = (array.reshape(-1, array.shape[-1]) for array in (pair.yours, pair.expected))
    for mine, right in zip(yours, expected, strict=True):
        yield replace(pair, yours=mine, expected=right)


def _ratio(pair: Pair) -> float:
    """The answer divided by the expected value at the largest finite expected entry; 0 if that is not finite."""
    if pair.yours.shape != pair.expected.shape or not pair.expected.size:
        return 0.0
    at = np.argmax(np.abs(np.where(np.isfinite(pair.expected), pair.expected, 0)))
    ratio = float(pair.yours.flat[at] / pair.expected.flat[at])
    return ratio if isfinite(ratio) else 0.0


def _roles(number: int, pair: Pair) -> set[Any]:
    """The meanings that a number may have in this case: an axis's size, its root, a product of two, an array's size."""
    own = pair.expected[..., 0] if pair.kind == "c" else pair.expected  # the two parts of an entry are no axis
    shapes = [(path, np.shape(array)) for path, array in (*numeric_leaves(pair.question.inputs), ((), own))]
    axes = {(path, i): n for path, shape in shapes for j, n in enumerate(shape) for i in (j, j - len(shape))}
    products = {(a, b): axes[a] * axes[b] for a, b in combinations(axes, 2)} | {
        path: prod(shape) for path, shape in shapes
    }
    roots = {(axis, "root") for axis, n in axes.items() if n == number**2}
    return {role for role, n in {**axes, **products}.items() if n == number} | roots
