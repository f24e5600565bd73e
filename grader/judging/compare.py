"""Equal or not; if not, where and by how much. Everything here sees rebuilt data only, never a student's object.

An answer is right where |yours − expected| ≤ tolerance, with one absolute tolerance for each array: it scales with
the array's largest entry, never with each entry alone. Where the expected entry is finite, nan and inf are wrong.
A list of whole numbers and a 1-D array of them are the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.sandbox.wire import Opaque
from grader.text import one_line

Path = tuple[Any, ...]
Signs = Sequence[Sequence[int | None]]  # see `turned`


@dataclass(frozen=True)
class Difference:
    """The first part of an answer that is wrong. `path` leads to it; `text` is a clause for the student."""

    kind: str  # value, shape, dtype, type or nonfinite
    path: Path
    text: str


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The arrays and numbers of a nest, each with the path that leads to it, in order."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, (*path, key))
    elif isinstance(tree, list | tuple):
        for index, item in enumerate(tree):
            yield from leaves(item, (*path, index))
    elif is_numeric(tree):
        yield path, tree


def is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | bool | int | float)


def at(tree: Any, path: Path) -> Any:
    """The part of a nest that a path leads to."""
    for step in path:
        tree = tree[step]
    return tree


def named(path: Path, names: Sequence[str]) -> str:
    """How to call a part of an answer: `db`, `gradients[0][1]`, `your answer`."""
    if len(names) == 1:
        return "".join([names[0], *(f"[{step!r}]" for step in path)])
    if path and isinstance(path[0], int) and path[0] < len(names):
        return "".join([names[path[0]], *(f"[{step!r}]" for step in path[1:])])
    return "".join(["the answer", *(f"[{step!r}]" for step in path)])


def is_plural(name: str) -> bool:
    """Whether a sentence about a part of an answer is in the plural: `gradients` are, `gradients[0]`, `loss` and `bias` are not."""
    return len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is", "ias"))


def difference(answer: Any, expected: Any, tolerance: Sequence[float], names: Sequence[str] = ()) -> Difference | None:
    """Where an answer first differs from what is expected; None if it is right.

    `tolerance` has one number for each leaf of `expected`, in the order of `leaves`.
    """
    return _differ(answer, expected, iter(tolerance), names, ())


def only(answer: Any, expected: Any, parts: Sequence[int] | None) -> Any:
    """The expected answer with some parts from another; that one as it is, where it has another number of parts."""
    if parts is None or not isinstance(answer, list | tuple) or len(answer) != len(expected):
        return answer
    return type(expected)(
        yours if i in parts else right for i, (yours, right) in enumerate(zip(answer, expected, strict=True))
    )


def wrong_entries(yours: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """Boolean, True where an entry is wrong; shapes are equal. nan is right only where nan is expected.

    Integers and booleans are right when they are equal; the tolerance is for what is rounded.
    """
    if expected.dtype.kind not in "fc":
        return yours != expected
    with np.errstate(all="ignore"):
        close = np.abs(yours - expected) <= tolerance
    if tolerance == np.inf:  # any number will do, and infinity is none
        close &= np.isfinite(yours)
    both_nan = np.isnan(yours) & np.isnan(expected)
    return ~((close & np.isfinite(expected)) | (yours == expected) | both_nan)


def turned(answer: Any, expected: Any, signs: Signs) -> Any:
    """The answer with its free signs turned to those of what is expected; as it is where its form is another.

    `signs` are pairs (part, axis): part of the answer (None: all of it), and the axis along which each slice has a sign
    of its own (None: one sign for the whole part). Slices of the same place share one sign, in every part: the one for
    which they lie nearest to what is expected, all parts together.
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
        return answer  # parts that should have matching slices and have not: there is nothing to turn together
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
        return _differ_leaf(answer, expected, next(tolerance), named(path, names), path)
    if type(answer) is type(expected) and answer == expected:
        return None
    return Difference("type", path, f"{_is(named(path, names))} {describe(answer)}, expected {expected!r}")


def _in_its_form(answer: Any, expected: Any) -> Any:
    """A list of whole numbers where a 1-D array of them is expected, and the other way round, as what is expected.

    Where a list of any numbers is expected, a 1-D array of the same kind is right, too; a tuple names its parts.
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
    if not isinstance(answer, dict) or set(answer) != set(expected):
        wanted = ", ".join(map(repr, expected))
        got = "a dict with " + ", ".join(map(repr, answer)) if isinstance(answer, dict) else describe(answer)
        return Difference("type", path, f"{_is(named(path, names))} {got}, expected a dict with {wanted}"[:400])
    found = (_differ(answer[key], item, tolerance, names, (*path, key)) for key, item in expected.items())
    return next(filter(None, found), None)


def _differ_sequence(
    answer: Any, expected: Sequence, tolerance: Iterator[float], names: Sequence[str], path: Path
) -> Difference | None:
    if not isinstance(answer, list | tuple) or len(answer) != len(expected):
        parts = f" ({', '.join(names)})" if len(names) == len(expected) > 1 and not path else ""
        name = named(path, names)
        got = (
            f"{_has(name)} {len(answer)} values"
            if isinstance(answer, list | tuple)
            else f"{_is(name)} {describe(answer)}"
        )
        return Difference("type", path, f"{got}, expected {len(expected)} values{parts}")
    found = (
        _differ(mine, item, tolerance, names, (*path, i))
        for i, (mine, item) in enumerate(zip(answer, expected, strict=True))
    )
    return next(filter(None, found), None)


def _differ_leaf(answer: Any, expected: Any, tolerance: float, name: str, path: Path) -> Difference | None:
    wanted = np.asarray(expected)
    if not is_numeric(answer):
        return Difference("type", path, f"{_is(name)} {describe(answer)}, expected {describe(expected)}{_wrap(answer)}")
    yours = np.asarray(answer)
    if yours.shape != wanted.shape:
        return Difference("shape", path, f"{_has(name)} shape {yours.shape}, expected {wanted.shape}")
    if not _kind_fits(yours, wanted):
        return Difference("dtype", path, f"{_is(name)} {yours.dtype}, expected {_kind_name(wanted)}")
    wrong = wrong_entries(yours, wanted, tolerance)
    if not wrong.any():
        return None
    nonfinite = wrong & ~np.isfinite(yours)
    kind = "nonfinite" if nonfinite.any() and np.isfinite(wanted).any() else "value"
    return Difference(kind, path, _worst(yours, wanted, nonfinite if kind == "nonfinite" else wrong, wrong, name))


def _kind_fits(yours: np.ndarray, wanted: np.ndarray) -> bool:
    if wanted.dtype.kind == "f":  # a Python number or any integer may stand for a float scalar, an array is float64
        return yours.dtype == wanted.dtype or (wanted.ndim == 0 and yours.dtype.kind in "iu")
    if wanted.dtype.kind in "iu":
        return yours.dtype.kind in "iu"
    return yours.dtype.kind == wanted.dtype.kind


def _kind_name(wanted: np.ndarray) -> str:
    return {"b": "bool", "i": "integer", "u": "integer"}.get(wanted.dtype.kind, str(wanted.dtype))


def _worst(yours: np.ndarray, wanted: np.ndarray, among: np.ndarray, wrong: np.ndarray, name: str) -> str:
    """Where among the wrong entries the error is largest, both numbers, and how many entries are wrong."""
    with np.errstate(all="ignore"):
        error = np.where(among, np.abs(yours.astype(complex) - wanted), -1.0)
    error[np.isnan(error)] = np.inf
    index = np.unravel_index(int(np.argmax(error)), error.shape)
    place = f"{name}[{', '.join(map(str, map(int, index)))}]" if index else name
    mine, right = numbers(yours[index], wanted[index])
    many = _every(wrong.size) if wrong.all() else f"{int(wrong.sum())} of {wrong.size}"
    return f"{place} is {mine}, expected {right}" + (f"; {many} entries differ" if wrong.size > 1 else "")


def _is(name: str) -> str:
    return f"{name} {'are' if is_plural(name) else 'is'}"


def _has(name: str) -> str:
    return f"{name} {'have' if is_plural(name) else 'has'}"


def _every(size: int) -> str:
    return "both" if size == 2 else f"all {size}"


def numbers(yours: Any, wanted: Any) -> tuple[str, str]:
    """Both numbers with the fewest digits (at least 4) that tell them apart."""
    yours, wanted = yours.item(), wanted.item()
    if not (isinstance(yours, float) and isinstance(wanted, float)):
        return str(yours), str(wanted)
    for digits in (4, 6, 9, 13, 17):
        mine, right = f"{yours + 0.0:.{digits}g}", f"{wanted + 0.0:.{digits}g}"  # + 0.0 makes a -0 a plain 0
        if mine != right:
            break
    return mine, right


def describe(value: Any) -> str:
    """What a value is, in a few words for a student."""
    match value:
        case None:
            return "None"
        case Opaque(name):
            name = one_line(name, 80)
            return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
        case np.ndarray() if value.ndim:
            return f"an array of shape {value.shape}"
        case np.ndarray() | np.generic() | float() | int():
            return "a number"
        case list() | tuple() | dict() | str():
            return f"a {type(value).__name__}"
    return type(value).__name__


def _wrap(answer: Any) -> str:
    if answer is None:
        return "; is a `return` missing?"
    return "; wrap it in np.array(...)" if isinstance(answer, list | tuple) else ""
