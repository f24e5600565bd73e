"""Build frozen dataclasses from a file's data: each field gets a value of its declared type, and every text is tame.

The file may be anybody's: that it parsed does not mean that a field which should be a number is one. A field of type
Any is left as it is; it holds data that is compared and never shown.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from typing import Any

from grader.text import tame

LARGEST = 1 << 62  # of integers: a larger one counts nothing real, and may be too long to print
Read = Callable[[Any], Any]


def build(kind: type, tree: Any) -> Any:
    """Build a dataclass from a dict; ValueError, naming the field, if a value is missing or of a wrong type."""
    if type(tree) is not dict:
        raise ValueError(f"a {kind.__name__} is {type(tree).__name__}, not a table of its fields")
    values = {}
    for name, read, is_needed in _plan(kind):
        if name in tree:
            try:
                values[name] = read(tree[name])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name}: {error}"[:300]) from None
        elif is_needed:
            raise ValueError(f"{name} is missing")
    return kind(**values)


def read_as(declared: Any, value: Any) -> Any:
    """Return a value that has a declared type, such as dict[str, list[float]]; ValueError for one of another type."""
    return _reader(declared)(value)


@cache
def _plan(kind: type) -> list[tuple[str, Read, bool]]:
    """For each field: its name, the function that reads its value, and whether the file must have it."""
    hints = typing.get_type_hints(kind)
    return [
        (part.name, _reader(hints[part.name]), part.default is MISSING and part.default_factory is MISSING)
        for part in fields(kind)
    ]


@cache
def _reader(declared: Any) -> Read:
    """A function that returns a value of the declared type and raises ValueError for any other value."""
    origin, inner = typing.get_origin(declared), typing.get_args(declared)
    if origin is types.UnionType:
        (other,) = (item for item in inner if item is not type(None))
        return partial(_read_optional, _reader(other))
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return partial(_read_list, origin, _reader(inner[0]), inner[0])
    if origin is tuple:
        return partial(_read_tuple, [_reader(item) for item in inner])
    if origin is dict:
        return partial(_read_dict, _reader(inner[0]), _reader(inner[1]))
    if is_dataclass(declared):
        return partial(build, declared)
    return READERS.get(declared) or partial(_read_word, declared)


def _read_optional(read: Read, value: Any) -> Any:
    return None if value is None else read(value)


def _read_list(kind: type, read: Read, item: Any, value: Any) -> Any:
    if type(value) not in (list, tuple):
        raise ValueError(f"{type(value).__name__} is no list")
    if item is float and set(map(type, value)) <= {float}:  # tolerances: thousands of them in a unit
        return kind(value)
    return kind(map(read, value))


def _read_tuple(reads: list[Read], value: Any) -> tuple:
    if type(value) not in (list, tuple) or len(value) != len(reads):
        raise ValueError(f"it is no list of {len(reads)}")
    return tuple(read(part) for read, part in zip(reads, value, strict=True))


def _read_dict(read_key: Read, read: Read, value: Any) -> dict:
    if type(value) is not dict:
        raise ValueError(f"{type(value).__name__} is no table")
    return {read_key(key): read(part) for key, part in value.items()}


def _read_word(kind: type[Enum], value: Any) -> Enum:
    if type(value) is not str:
        raise ValueError(f"{type(value).__name__} is no {kind.__name__}")
    return kind(value)


def _read_any(value: Any) -> Any:
    return value


def _read_text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"{type(value).__name__} is no text")
    return tame(value)


def _read_whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= LARGEST:
        raise ValueError(f"{type(value).__name__} is no whole number that counts")
    return value


def _read_number(value: Any) -> float:
    if type(value) is not float and (type(value) is not int or abs(value) >= LARGEST):
        raise ValueError(f"{type(value).__name__} is no number")
    return value


def _read_truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{type(value).__name__} is no truth value")
    return value


READERS = {Any: _read_any, str: _read_text, int: _read_whole, float: _read_number, bool: _read_truth}
