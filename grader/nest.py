"""A nest: arrays, numbers and texts in dicts, lists and tuples that lie in one another, as functions take and return them.

A leaf is whatever is no dict, list or tuple: an array of any shape, a number, a text, None, any object. A path leads to a
part: the keys and places on the way down, `("W", 0)` for `nest["W"][0]`, and `()` for all of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Path = tuple[Any, ...]
SEQUENCES = (list, tuple)
NUMERIC = (np.ndarray, np.generic, bool, int, float, complex)


class FormError(ValueError):
    """Nests of different forms, where one form is needed; the message says where they part."""


def leaves(nest: Any) -> list[tuple[Path, Any]]:
    """Each leaf with the path that leads to it, in order; of a leaf, itself with the path `()`.

    >>> leaves({"W": [1.5, None], "name": "dense", "more": ()})
    [(('W', 0), 1.5), (('W', 1), None), (('name',), 'dense')]
    """
    found: list[tuple[Path, Any]] = []
    _gather(nest, (), found)
    return found


def numeric_leaves(nest: Any) -> list[tuple[Path, Any]]:
    """The leaves that are arrays or numbers, each with its path. What is measured of a nest is measured of these.

    >>> numeric_leaves({"W": [1.5, None], "name": "dense"})
    [(('W', 0), 1.5)]
    """
    return [found for found in leaves(nest) if is_numeric(found[1])]


def is_numeric(value: Any) -> bool:
    """Whether a value is an array, of whatever it holds, or a number: bool, int, float, complex or one of NumPy's."""
    return isinstance(value, NUMERIC)


def at(nest: Any, path: Path) -> Any:
    """The part that a path leads to. KeyError, IndexError or TypeError, as Python raises them, where there is none.

    >>> at({"W": [1.5, 2.5]}, ("W", 1))
    2.5
    """
    for step in path:
        nest = nest[step]
    return nest


def subscripts(path: Path) -> str:
    """A path as Python writes it behind a name; empty for all of a nest.

    >>> "gradients" + subscripts(("W", 1))
    "gradients['W'][1]"
    """
    return "".join(f"[{step!r}]" for step in path)


def mapped(
    change: Callable[..., Any], nest: Any, *others: Any, sequence: Callable[[Any], Any] = lambda parts: parts
) -> Any:
    """A new nest of the same form, each leaf changed. Of several nests, `change` gets the leaves of one place together.

    Dicts keep the order of the first nest; lists and tuples keep its types. A subclass of either is called with its new
    parts, so a named tuple, which wants them one by one, is refused by its own TypeError. `sequence` changes each list and
    tuple once its parts are changed, the innermost first. FormError where a nest has not the form of the first.

    >>> mapped(abs, (-1, [2, -3]))
    (1, [2, 3])
    >>> mapped(max, {"a": 1, "b": (2,)}, {"b": [5], "a": 0})
    {'a': 1, 'b': (5,)}
    """
    return _mapped(change, (nest, *others), sequence, ())


def same_parts(one: Any, other: Any) -> bool:
    """Whether two nests divide alike at the top: dicts with the same keys, lists or tuples of one length, or leaves.

    >>> same_parts([1, 2], (3, [4])), same_parts([1, 2], 3), same_parts({"a": 1}, {"b": 1})
    (True, False, False)
    """
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys()
    if isinstance(one, SEQUENCES):
        return isinstance(other, SEQUENCES) and len(one) == len(other)
    return not isinstance(other, (dict, *SEQUENCES))


def _gather(nest: Any, path: Path, found: list[tuple[Path, Any]]) -> None:
    if isinstance(nest, dict):
        parts: Any = nest.items()
    elif isinstance(nest, SEQUENCES):
        parts = enumerate(nest)
    else:
        found.append((path, nest))
        return
    for key, part in parts:
        if isinstance(part, (dict, *SEQUENCES)):
            _gather(part, (*path, key), found)
        else:  # here and not by a call of its own: a list of thousands of numbers is walked for each question
            found.append(((*path, key), part))


def _mapped(change: Callable[..., Any], nests: Sequence[Any], sequence: Callable[[Any], Any], path: Path) -> Any:
    first, *others = nests
    if not all(same_parts(first, other) for other in others):
        raise FormError(f"the nests do not divide alike at nest{subscripts(path)}")
    if isinstance(first, dict):
        return {key: _mapped(change, [nest[key] for nest in nests], sequence, (*path, key)) for key in first}
    if isinstance(first, SEQUENCES):
        places = enumerate(zip(*nests, strict=True))
        return sequence(type(first)(_mapped(change, parts, sequence, (*path, place)) for place, parts in places))
    return change(*nests)
