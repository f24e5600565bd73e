"""Where an array answer is wrong: |yours − expected| reduced to a small grid, and a name for the pattern in it."""

from collections.abc import Sequence

import numpy as np

from grader.judging.compare import wrong_entries
from grader.judging.describing import named
from grader.nest import Path, at, is_numeric
from grader.report import ErrorMap

MOST = (24, 48)  # rows and columns that a terminal shows without scrolling


def error_map(answer: object, expected: object, path: Path, tolerance: float, names: Sequence[str]) -> ErrorMap | None:
    """The error map of the part of an answer at `path`; None if the part is not an array of the expected shape."""
    mine, right = at(answer, path), at(expected, path)
    if not (is_numeric(mine) and is_numeric(right)):
        return None
    yours, wanted = np.asarray(mine), np.asarray(right)
    if yours.shape != wanted.shape or wanted.ndim == 0 or wanted.size < 2 or wanted.dtype.kind not in "biufc":
        return None
    with np.errstate(all="ignore"):
        error = np.abs(yours.astype(complex) - wanted.astype(complex))
    error[~np.isfinite(error)] = np.inf
    error[~wrong_entries(yours, wanted, tolerance)] = 0.0
    flat = error.reshape(-1, *(error.shape[-2:] if error.ndim > 1 else (1, error.shape[-1]))).max(axis=0)
    cells = _fewer(_fewer(flat, 0, MOST[0]), 1, MOST[1])
    return ErrorMap(named(path, names), wanted.shape, tuple(tuple(map(float, row)) for row in cells))


def _fewer(cells: np.ndarray, axis: int, most: int) -> np.ndarray:
    """Reduce an axis to at most `most` cells, each the largest value of a block."""
    length = cells.shape[axis]
    block = -(-length // most)
    return np.maximum.reduceat(cells, np.arange(0, length, block), axis) if block > 1 else cells


def says_more(found: ErrorMap) -> bool:
    """Whether a picture adds to the worst entry and the count: it is a matrix, partly right, with several errors."""
    wrong = _wrong(found)
    return min(wrong.shape) > 1 and 1 < wrong.sum() < wrong.size


def pattern(found: ErrorMap) -> str:
    """A name for the set of wrong entries, such as `row 2` or `above the diagonal`; empty if it has none."""
    wrong = _wrong(found)
    if wrong.shape != (found.shape[-2:] if len(found.shape) > 1 else (1, *found.shape)) or wrong.all():
        return ""
    for axis, name in ((1, "row"), (0, "column")):
        lines = wrong.any(axis)
        if (wrong == np.expand_dims(lines, axis)).all():
            return _which(name, lines)
    rows, columns = np.indices(wrong.shape)
    shapes = {
        "the diagonal": rows == columns,
        "all but the diagonal": rows != columns,
        "above the diagonal": columns > rows,
        "below the diagonal": columns < rows,
        "the diagonal and above it": columns >= rows,
        "the diagonal and below it": columns <= rows,
        "the border": (rows % (wrong.shape[0] - 1 or 1) == 0) | (columns % (wrong.shape[1] - 1 or 1) == 0),
    }
    shapes["all but the border"] = ~shapes["the border"]
    return next((name for name, mask in shapes.items() if (wrong == mask).all()), "")


def _wrong(found: ErrorMap) -> np.ndarray:
    return np.array(found.rows) > 0


def _which(name: str, lines: np.ndarray) -> str:
    """`row 2`, `rows 0 and 3`, `every second column from 1`, `rows from 4 on`."""
    at_lines = [int(i) for i in np.flatnonzero(lines)]
    first, count = at_lines[0], len(lines)
    if len(at_lines) == 1:
        return f"{name} {first}"
    if at_lines == list(range(first, count)):
        return f"{name}s from {first} on"
    if first == 0 and at_lines == list(range(len(at_lines))):
        return f"{name}s up to {at_lines[-1]}"
    if len(at_lines) > 2 and at_lines == list(range(first, count, 2)):
        return f"every second {name} from {first}"
    return f"{name}s {', '.join(map(str, at_lines[:-1]))} and {at_lines[-1]}" if len(at_lines) < 5 else ""
