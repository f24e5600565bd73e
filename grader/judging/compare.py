"""Compare an answer with the expected one and describe the first difference. Sees plain data, never a student's object.

An entry is right if |yours − expected| ≤ tolerance. There is one absolute tolerance for each array; it scales with the
array's largest entry, never with single entries. nan and inf are wrong where the expected entry is finite. A list of
integers and a 1-D integer array are the same answer.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.judging.describing import describe, every, has, is_, named, numbers, remedy, values
from grader.nest import Path, at, is_numeric, same_parts

Signs = Sequence[Sequence[int | None]]  # see `turned`


@frozen
class Difference:
    """The first part of an answer that is wrong: `path` is where it is in the nest, `text` a clause for the student."""

    kind: str  # value, shape, dtype, type or nonfinite
    path: Path
    say: Callable[[], str]  # makes the text, for which few who compare ask

    @cached_property
    def text(self) -> str:
        return self.say()


def difference(answer: Any, expected: Any, tolerance: Sequence[float], names: Sequence[str] = ()) -> Difference | None:
    """The first difference between an answer and the expected one; None if the answer is right.

    `tolerance` has one number for each numeric leaf of `expected`, in their order.
    """
    return _differ(answer, expected, iter(tolerance), names, ())


def only(answer: Any, expected: Any, parts: Sequence[int] | None) -> Any:
    """The expected answer with only the listed parts taken from `answer`, so that no other part is judged.

    `parts` None, an answer with another number of parts, or one of which no parts are expected, gives `answer` itself.
    """
    are_parts = isinstance(answer, list | tuple) and isinstance(expected, list | tuple) and len(answer) == len(expected)
    if parts is None or not are_parts:
        return answer
    return type(expected)(
        yours if i in parts else right for i, (yours, right) in enumerate(zip(answer, expected, strict=True))
    )


def wrong_entries(yours: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """A boolean array, True where an entry is wrong, for arrays of one shape. nan is right only where nan is expected.

    Integers and booleans must be equal; the tolerance is for floating-point numbers, but inf asks for no values at all.
    """
    if expected.dtype.kind not in "fc":
        return yours != expected if tolerance < np.inf else np.zeros(expected.shape, bool)
    with np.errstate(all="ignore"):
        close = np.abs(yours - expected) <= tolerance
    if tolerance == np.inf:  # any finite number will do
        close &= np.isfinite(yours)
    both_nan = np.isnan(yours) & np.isnan(expected)
    return ~((close & np.isfinite(expected)) | (yours == expected) | both_nan)


def turned(answer: Any, expected: Any, signs: Signs) -> Any:
    """The answer with its free signs flipped to match the expected ones, as for eigenvectors, whose sign is arbitrary.

    `signs` are pairs (part, axis): a part of the answer (None: all of it), and the axis along which each slice has its
    own sign (None: one sign for the whole part). Slices at the same place in different parts share a sign: the one that
    brings them, taken together, nearest to the expected values. An answer of another form is returned unchanged.
    """
    if any(part is not None for part, _ in signs) and not isinstance(answer, list | tuple):
        return answer
    try:
        parts = [() if part is None else (part,) for part, _ in signs]
        yours = [np.asarray(at(answer, path)) for path in parts]
        wanted = [np.asarray(at(expected, path)) for path in parts]
    except (TypeError, KeyError, IndexError, ValueError):
        return answer
    if any(a.shape != b.shape or a.dtype.kind != "f" for a, b in zip(yours, wanted, strict=True)):
        return answer
    slices = {a.shape[axis : axis + 1] for a, (_, axis) in zip(yours, signs, strict=True) if axis is not None}
    if slices == {()} or len(slices) > 1:
        return answer  # the parts should have matching slices and have not, so they cannot share signs
    fit: Any = 0.0
    for a, b, (_, axis) in zip(yours, wanted, signs, strict=True):
        with np.errstate(all="ignore"):
            fit = fit + (a * b).sum(axis=None if axis is None else tuple(i for i in range(a.ndim) if i != axis))
    sign = np.where(fit < 0, -1.0, 1.0)
    for a, (part, axis) in zip(yours, signs, strict=True):
        new = a * (sign if axis is None else np.expand_dims(sign, [i for i in range(a.ndim) if i != axis]))
        answer = new if part is None else type(answer)([*answer[:part], new, *answer[part + 1 :]])
    return answer


def _differ(
    answer: Any, expected: Any, tolerance: Iterator[float], names: Sequence[str], path: Path
) -> Difference | None:
    answer = _in_its_form(answer, expected)
    if isinstance(expected, dict):
        return _differ_dict(answer, expected, tolerance, names, path)
    if isinstance(expected, list | tuple):
        return _differ_sequence(answer, expected, tolerance, names, path)
    if is_numeric(expected):
        return _differ_leaf(answer, expected, next(tolerance), names, path)
    if type(answer) is type(expected) and answer == expected:
        return None
    return Difference("type", path, lambda: f"{is_(named(path, names))} {describe(answer)}, expected {expected!r}")


def _in_its_form(answer: Any, expected: Any) -> Any:
    """Convert an answer to the expected kind of sequence: a list of integers to a 1-D array, or the other way round.

    A 1-D array also stands for an expected list of numbers of its kind, but never for a tuple, whose parts have names.
    """
    if isinstance(expected, np.ndarray) and expected.ndim == 1 and expected.dtype.kind in "iu":
        if isinstance(answer, list | tuple) and all(map(_is_whole, answer)):
            return np.array([int(item) for item in answer], np.int64)
    elif isinstance(answer, np.ndarray) and answer.ndim == 1 and isinstance(expected, list | tuple) and expected:
        is_whole = answer.dtype.kind in "iu" and all(map(_is_whole, expected))
        if is_whole or (
            isinstance(expected, list) and all(is_numeric(item) and not np.ndim(item) for item in expected)
        ):
            return [np.asarray(item) for item in answer]
    return answer


def _is_whole(item: Any) -> bool:
    return is_numeric(item) and np.ndim(item) == 0 and np.asarray(item).dtype.kind in "iu" and abs(int(item)) < 2**63


def _differ_dict(
    answer: Any, expected: dict, tolerance: Iterator[float], names: Sequence[str], path: Path
) -> Difference | None:
    if not same_parts(answer, expected):
        return Difference("type", path, lambda: _other_dict(answer, expected, named(path, names)))
    found = (_differ(answer[key], item, tolerance, names, (*path, key)) for key, item in expected.items())
    return next(filter(None, found), None)


def _other_dict(answer: Any, expected: dict, name: str) -> str:
    wanted = ", ".join(map(repr, expected))
    got = "a dict with " + ", ".join(map(repr, answer)) if isinstance(answer, dict) else describe(answer)
    return f"{is_(name)} {got}, expected a dict with {wanted}"[:400]


def _differ_sequence(
    answer: Any, expected: Sequence, tolerance: Iterator[float], names: Sequence[str], path: Path
) -> Difference | None:
    if not same_parts(answer, expected):
        return Difference("type", path, lambda: _other_sequence(answer, expected, names, path))
    found = (
        _differ(mine, item, tolerance, names, (*path, i))
        for i, (mine, item) in enumerate(zip(answer, expected, strict=True))
    )
    return next(filter(None, found), None)


def _other_sequence(answer: Any, expected: Sequence, names: Sequence[str], path: Path) -> str:
    parts = f" ({', '.join(names)})" if len(names) == len(expected) > 1 and not path else ""
    name = named(path, names)
    got = (
        f"{has(name)} {values(len(answer))}" if isinstance(answer, list | tuple) else f"{is_(name)} {describe(answer)}"
    )
    return f"{got}, expected {values(len(expected))}{parts}"


def _differ_leaf(answer: Any, expected: Any, tolerance: float, names: Sequence[str], path: Path) -> Difference | None:
    wanted = np.asarray(expected)

    def differs(kind: str, say: Callable[[str], str]) -> Difference:
        return Difference(kind, path, lambda: say(named(path, names)))

    if not is_numeric(answer):
        return differs(
            "type", lambda name: f"{is_(name)} {describe(answer)}, expected {describe(expected)}{remedy(answer)}"
        )
    yours = np.asarray(answer)
    if yours.shape != wanted.shape:
        return differs("shape", lambda name: f"{has(name)} shape {yours.shape}, expected {wanted.shape}")
    if not _kind_fits(yours, wanted):
        cure = _cure(yours, wanted, tolerance)
        return differs("dtype", lambda name: f"{is_(name)} {yours.dtype}, expected {_kind_name(wanted)}{cure}")
    wrong = wrong_entries(yours, wanted, tolerance)
    if not wrong.any():
        return None
    nonfinite = wrong & ~np.isfinite(yours)
    kind = "nonfinite" if nonfinite.any() and np.isfinite(wanted).any() else "value"
    among = nonfinite if kind == "nonfinite" else wrong
    return differs(kind, lambda name: _worst(yours, wanted, among, wrong, name, tolerance))


def _cure(yours: np.ndarray, wanted: np.ndarray, tolerance: float) -> str:
    """What to do where a complex answer is right but for its type; empty for anything else."""
    if yours.dtype.kind != "c" or wanted.dtype.kind != "f" or wrong_entries(yours, wanted, tolerance).any():
        return ""
    return ": the imaginary part is 0, return the real part"


def _kind_fits(yours: np.ndarray, wanted: np.ndarray) -> bool:
    if wanted.dtype.kind == "f":  # a scalar may also be a Python number or any integer; an array must be float64
        return yours.dtype == wanted.dtype or (wanted.ndim == 0 and yours.dtype.kind in "iu")
    if wanted.dtype.kind in "iu":
        return yours.dtype.kind in "iu"
    if wanted.dtype.kind == "c" and wanted.ndim == 0:  # a real number is a complex one, too
        return yours.dtype.kind in "iufc"
    return yours.dtype.kind == wanted.dtype.kind


def _kind_name(wanted: np.ndarray) -> str:
    return {"b": "bool", "i": "integer", "u": "integer"}.get(wanted.dtype.kind, str(wanted.dtype))


def _worst(
    yours: np.ndarray, wanted: np.ndarray, among: np.ndarray, wrong: np.ndarray, name: str, tolerance: float
) -> str:
    """A clause on the wrong entry with the largest error: where it is, both numbers, and how many entries are wrong."""
    with np.errstate(all="ignore"):
        error = np.where(among, np.abs(yours.astype(complex) - wanted), -1.0)
    error[np.isnan(error)] = np.inf
    index = np.unravel_index(int(np.argmax(error)), error.shape)
    place = f"{name}[{', '.join(map(str, map(int, index)))}]" if index else name
    mine, right = numbers(yours[index], wanted[index], tolerance if np.isfinite(tolerance) else 0.0)
    many = every(wrong.size) if wrong.all() else f"{int(wrong.sum())} of {wrong.size}"
    return f"{place} is {mine}, expected {right}" + (f"; {many} entries differ" if wrong.size > 1 else "")
