"""An error map in words and characters, for whoever shows it: a terminal, a log, a page."""

import math
from collections.abc import Iterator, Sequence

from grader.judging.error_maps import pattern
from grader.report import ErrorMap
from grader.text import one_line

SHADES, ASCII_SHADES = (
    "·░▒▓█",
    ".-+x#",
)  # right; then wrong by up to a quarter, a half, three quarters, all of the largest
NOT_FINITE = "!"


def caption(found: ErrorMap) -> str:
    """A description of the map in words, for captions and screen readers."""
    whole = " × ".join(map(str, found.shape))
    text = f"{one_line(found.part, 60)} ({whole}): |yours − expected|"
    if len(found.shape) > 2:
        text += ", the largest over the leading axes"
    if is_reduced(found):
        text += ", several entries to a cell"
    return text + (f"; wrong: {where}" if (where := pattern(found)) else "")


def cells(found: ErrorMap, shades: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """For each row the number at its left, and its characters, each with its level from 0, right, to 4."""
    top = largest(found)
    for number, row in enumerate(found.rows):
        levels = [level(value, top) for value in row]
        marks = [NOT_FINITE if math.isinf(value) else shades[each] for value, each in zip(row, levels, strict=True)]
        yield f"{number * block(found):>4}  ", list(zip(marks, levels, strict=True))


def legend(found: ErrorMap, shades: Sequence[str]) -> str:
    top = largest(found)
    words = [f"{shades[0]} right"]
    if top:
        words.append(f"{' '.join(shades[1:])} wrong by up to {top:.2g}")
    if any(math.isinf(value) for row in found.rows for value in row):
        words.append(f"{NOT_FINITE} not finite")
    return "   ".join(words)


def level(value: float, top: float) -> int:
    """From 0, right, to 4, wrong by the largest error, `top`, or not finite."""
    if value == 0:
        return 0
    return 4 if not math.isfinite(value) else min(max(math.ceil(4 * value / top), 1), 4)


def largest(found: ErrorMap) -> float:
    """The largest finite error; 0 where there is none."""
    return max((value for row in found.rows for value in row if math.isfinite(value)), default=0.0)


def is_reduced(found: ErrorMap) -> bool:
    """Whether a cell stands for several entries."""
    whole = found.shape[-2:] if len(found.shape) > 1 else (1, *found.shape)
    return (len(found.rows), len(found.rows[0])) != tuple(whole)


def block(found: ErrorMap) -> int:
    """How many rows of the array one row of the map represents."""
    return -(-found.shape[-2] // len(found.rows)) if len(found.shape) > 1 else 1
