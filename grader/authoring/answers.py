"""Answers that a proof tries on an exercise: lazy ones must fail, and correct ones in another form must pass."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from grader.course.unit import Unit
from grader.judging.kinds.registry import kind_of, options_of
from grader.key import ExerciseKey
from grader.nest import mapped
from grader.sandbox.inside import modules
from grader.sandbox.wire import encode

SWEPT = ("minus", "half")  # of an input: no answer of somebody lazy, and yet none that may be taken for a mistake


def lazy_pieces(unit: Unit, key: ExerciseKey) -> Iterator[tuple[str, list[Callable]]]:
    """Lazy solutions as lists like `Unit.pieces`: of a function lazy answers, of a class or a run the stub and None."""
    pieces = unit.pieces(key.name)
    if len(pieces) == 1 and not isinstance(pieces[0], type):
        for how, lazy in lazy_answers(_in_arrays(pieces[0]) if key.torch else pieces[0], key):
            yield how, by_name([_in_tensors(lazy) if key.torch else lazy], key)
        return
    yield "the stub", [_stub for _ in pieces]
    yield "None", [lambda *args, **inputs: None for _ in pieces]


def _in_arrays(function: Callable) -> Callable:
    """Wrap a function to return arrays. It gets copies, so that changes the reference makes in place are not kept."""
    return lambda **inputs: modules.arrays(function(**copy.deepcopy(inputs)))


def _in_tensors(function: Callable) -> Callable:
    return lambda **inputs: modules.tensors(function(**inputs))


def lazy_answers(reference: Callable, key: ExerciseKey) -> Iterator[tuple[str, Callable]]:
    """Lazy answers, with the shapes of the reference's, so that only the values are wrong.

    Each one replaces a student's function, so that a driver calls it as it would call theirs.
    """

    answer = _in_form(reference, modules.arrays if key.torch else lambda inputs: inputs)

    def like(value: Any) -> Callable:
        return lambda **inputs: _fill(answer(inputs), value)

    yield "the stub", _stub
    yield "zeros", like(0.0)
    yield "ones", like(1.0)
    yield "nan", like(math.nan)
    yield "None", lambda **inputs: None
    for name in key.parameters:
        yield f"its input {name} back", lambda _name=name, **inputs: inputs.get(_name)
        yield (
            f"its input {name} back as every part",
            lambda _name=name, **inputs: _in_every_part(answer(inputs), inputs.get(_name)),
        )
        for words, factor in zip(SWEPT, (-1, 0.5), strict=True):
            yield f"{words} its input {name}", lambda _name=name, _by=factor, **inputs: _times(inputs.get(_name), _by)
    for error in sorted({kind_of(check).error(options_of(check)) for check in key.checks} - {""}):
        yield f"always a {error}", _raising(error)


def dressed(reference: Callable, is_torch: bool = False) -> dict[str, Callable]:
    """The reference's answers in other forms that are right, too, such as Fortran order; for tensors, fewer forms."""

    def dress(leaf: Callable, sequence: Callable = lambda parts: parts) -> Callable:
        def change(item: Any) -> Any:
            return item if item is None or isinstance(item, str) else leaf(item)

        return lambda **inputs: mapped(change, reference(**inputs), sequence=sequence)

    sequences = {
        "a list for a tuple": dress(lambda a: a, list),
        "a tuple for a list": dress(lambda a: a, tuple),
    }
    if is_torch:
        return sequences
    return sequences | {
        "in Fortran order": dress(lambda a: np.asfortranarray(a) if np.ndim(a) else a),
        "as a view": dress(lambda a: np.stack([a, a], -1)[..., 0] if np.ndim(a) else a),
        "read-only": dress(_read_only),
        "Python numbers for scalars": dress(lambda a: a if np.ndim(a) else np.asarray(a).item()),
        "0-d arrays for scalars": dress(lambda a: a if np.ndim(a) else np.asarray(a)),
        "a list for whole numbers in a row": dress(lambda a: a.tolist() if _is_row(a) else a),
        "whole numbers in a row for a list": dress(lambda a: a, _row),
    }


def by_name(pieces: list[Callable], key: ExerciseKey) -> list[Callable]:
    """Wrap functions of keyword arguments so that they can also be called by position, as students' functions are."""
    if len(pieces) > 1 or isinstance(pieces[0], type):
        return pieces
    (function,) = pieces

    def named(*args: Any, **kwargs: Any) -> Any:
        return function(**dict(zip(key.parameters, args, strict=False)), **kwargs)

    return [named]


def _stub(*args: Any, **inputs: Any) -> None:
    raise NotImplementedError


def _raising(error: str) -> Callable:
    def always(**inputs: Any) -> None:
        raise type(error, (Exception,), {})("always")

    return always


def _in_form(reference: Callable, as_data: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    """An answer of the reference's form, or a number where it raises, since a lazy solution does not notice that.

    The reference is asked once for the same inputs, whatever the state of their generators: all that counts is the form.
    `as_data` makes arrays of inputs that are tensors.
    """
    known: dict[bytes, Any] = {}

    def answer(inputs: dict[str, Any]) -> Any:
        which = encode(as_data(inputs), opaque=True)
        if which not in known:
            try:
                known[which] = reference(**inputs)
            except Exception:
                known[which] = 0.0
        return known[which]

    return answer


def _in_every_part(answer: Any, value: Any) -> Any:
    """An input in the place of each part of an answer, like an optimiser that returns the weights it was given."""
    return (value,) * len(answer) if isinstance(answer, tuple) else None


def _times(value: Any, factor: float) -> Any:
    """A float array or number times a factor; None for anything else."""
    return factor * value if np.asarray(value).dtype.kind == "f" else None


def _is_row(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind in "iu"


def _row(parts: Any) -> Any:
    is_whole = len(parts) > 0 and all(
        isinstance(item, int | np.integer) and not isinstance(item, bool) for item in parts
    )
    return np.array(parts) if is_whole else parts


def _fill(tree: Any, value: float) -> Any:
    def fill(leaf: Any) -> Any:
        if isinstance(leaf, str):
            return ""
        kind = np.asarray(leaf).dtype
        return (
            np.full(np.shape(leaf), value).astype(kind, copy=False)
            if not (kind.kind in "biu" and math.isnan(value))
            else None
        )

    return mapped(fill, tree)


def _read_only(array: Any) -> Any:
    if np.ndim(array) == 0:
        return array
    array = np.array(array)
    array.flags.writeable = False
    return array
