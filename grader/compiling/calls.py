"""Call references, mistakes and oracles, in the author's own process. Students' functions are never called here."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.judging.traces import Raised
from grader.key import ExerciseKey
from grader.nest import mapped
from grader.sandbox.wire import materialise


def ask(function: Callable, inputs: Inputs) -> Any:
    """Call a function with copies of the inputs as keyword arguments, with warnings off."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(**materialise(inputs))


def attempt(function: Callable, inputs: Inputs) -> Any:
    """The answer of a function that may be wrong; None if it raises, because no student's answer ever equals None."""
    answer = answer_or_error(function, inputs)
    return None if isinstance(answer, Raised) else answer


def answer_or_error(function: Callable, inputs: Inputs) -> Any:
    """The answer of a function, or a `Raised` that stands for its exception."""
    try:
        return plain(ask(function, inputs))
    except Exception as error:
        return Raised(tuple(kind.__name__ for kind in reversed(type(error).__mro__)))


def as_single(tree: Any, key: ExerciseKey) -> Any:
    """An oracle's double-precision answer in the precision of the exercise: float32 for tensors."""
    if not key.torch:
        return tree
    return mapped(lambda leaf: np.float32(leaf) if np.asarray(leaf).dtype.kind == "f" else leaf, tree)


def plain(answer: Any) -> Any:
    """An answer as the wire would return it: NumPy scalars become 0-d arrays."""
    return mapped(lambda leaf: np.asarray(leaf) if isinstance(leaf, np.generic) else leaf, answer)


def map_floats(tree: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """A nest with `change` applied to each of its arrays of floats; of a complex one, to its real and its imaginary part."""

    def changed(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray) or leaf.dtype.kind not in "fc":
            return leaf
        return change(leaf) if leaf.dtype.kind == "f" else change(leaf.real) + 1j * change(leaf.imag)

    return mapped(changed, tree)
