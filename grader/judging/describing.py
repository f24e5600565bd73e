"""How answers, their parts and their numbers are said to a student."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.nest import Path, subscripts
from grader.sandbox.wire import Opaque
from grader.text import one_line


def named(path: Path, names: Sequence[str]) -> str:
    """The name of a part of an answer, for messages: `db`, `gradients[0][1]`, `the answer[2]`."""
    for place, step in reversed(list(enumerate(path))):
        if (
            isinstance(step, str) and " " in step
        ):  # a driver's own words, "gradient in x", say more than where they stand
            return repr(step) + subscripts(path[place + 1 :])
    if len(names) == 1:
        return names[0] + subscripts(path)
    if path and isinstance(path[0], int) and 0 <= path[0] < len(names):
        return names[path[0]] + subscripts(path[1:])
    return "the answer" + subscripts(path)


def is_plural(name: str) -> bool:
    """Whether a sentence about a part of an answer is in the plural: `gradients` are, `gradients[0]`, `loss` and `bias` are not."""
    return len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is", "ias"))


def is_(name: str) -> str:
    return f"{name} {'are' if is_plural(name) else 'is'}"


def values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def has(name: str) -> str:
    return f"{name} {'have' if is_plural(name) else 'has'}"


def every(size: int) -> str:
    return "both" if size == 2 else f"all {size}"


def numbers(yours: Any, wanted: Any, noise: float = 0.0) -> tuple[str, str]:
    """Both numbers as text, with as few digits (at least 4) as tell them apart; what is `noise` or less is 0."""
    both = yours.item(), wanted.item()
    if not all(isinstance(number, float | complex) for number in both):
        return str(both[0]), str(both[1])
    for digits in (4, 6, 9, 13, 17):
        mine, right = (_in_digits(number, digits, noise) for number in both)
        if mine != right:
            break
    return mine, right


def _in_digits(number: complex, digits: int, noise: float) -> str:
    """A number, or both parts of a complex one, such as 1.5-2j; what is `noise` or less is 0."""
    if isinstance(number, complex):
        imaginary = _in_digits(number.imag, digits, noise)
        sign = "" if imaginary.startswith("-") else "+"
        return f"{_in_digits(number.real, digits, noise)}{sign}{imaginary}j"
    return f"{(0.0 if abs(number) <= noise else number) + 0.0:.{digits}g}"  # + 0.0 turns -0 into 0


def describe(value: Any) -> str:
    """What kind of value it is, in a few words for a student."""
    match value:
        case None:
            return "None"
        case Opaque(name):
            name = one_line(name, 80)
            return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
        case np.ndarray() if value.ndim:
            return f"an array of shape {value.shape}"
        case np.ndarray() | np.generic() | float() | int() | complex():
            return "a number"
        case list() | tuple() | dict() | str():
            return f"a {type(value).__name__}"
    return type(value).__name__


def remedy(answer: Any) -> str:
    """What to do about an answer that is no array or number, as the end of a sentence."""
    if answer is None:
        return "; is a `return` missing?"
    if isinstance(answer, tuple):
        return f": you return {len(answer)} things, one is asked" if len(answer) > 1 else "; is there a comma too many?"
    return "; wrap it in np.array(...)" if isinstance(answer, list) else ""
