"""Arrays of other libraries in an answer become NumPy arrays, with their dtype. Runs in the worker, on the student's objects.

Only what a package defines that the unit allows is taken so. A class of the student's own that says it is an array is still an
answer that is no data, and is named: whoever writes `__array__` has not been asked for an array type.
"""

from collections.abc import Collection
from typing import Any

import numpy as np

from grader.sandbox.wire import MAX_DEPTH, Opaque

# how libraries say that they cannot
NOT_TAKEN = (TypeError, ValueError, RuntimeError, BufferError, NotImplementedError)


def taken(tree: Any, homes: Collection[str]) -> Any:
    """A nest with each array whose type one of the packages `homes` defines as a NumPy array; the rest as it is.

    An array that NumPy cannot hold (a key of random numbers, a value inside a function that is being traced) becomes an
    Opaque with the name of its type. What conversion raises for want of memory is raised.

    >>> taken((jnp.ones(2), 3), {"jax", "jaxlib"})
    (array([1., 1.]), 3)
    """
    return _taken(tree, homes, 0) if homes else tree


def _taken(tree: Any, homes: Collection[str], depth: int) -> Any:
    kind = type(tree)
    if depth > MAX_DEPTH:  # the wire says so
        return tree
    if kind is dict:
        return {key: _taken(value, homes, depth + 1) for key, value in tree.items()}
    if kind in (list, tuple):
        return kind(_taken(value, homes, depth + 1) for value in tree)
    if str(getattr(kind, "__module__", "")).partition(".")[0] in homes:
        return _as_array(tree, kind.__name__)
    return tree


def _as_array(value: Any, name: str) -> Any:
    """One array by `__array__`, else by DLPack; what has neither is returned as it is."""
    detach = getattr(value, "detach", None)  # a tensor that records its history gives no array before
    value = detach() if callable(detach) else value
    ways = (("__array__", np.asarray), ("__dlpack__", np.from_dlpack))
    able = [way for method, way in ways if hasattr(value, method)]
    for way in able:
        try:
            array = way(value)
        except NOT_TAKEN:
            continue
        if array.dtype != object:
            return array
    of = f" of {value.dtype}"[:40] if hasattr(value, "dtype") else ""
    return Opaque(f"{name}{of} that NumPy cannot hold"[:80]) if able else value
