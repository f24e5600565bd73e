"""Odd answers: what a student's function may return, honestly or by writing on the channel itself, instead of an answer.

`ODD` are values, each as it arrives on the grader's side. `near` makes more of them out of the right answer: its form with
something in it that does not belong there.
"""

import functools
import math
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.judging.traces import Raised
from grader.nest import is_numeric, mapped
from grader.sandbox import wire
from grader.sandbox.wire import Opaque, Seeded

HOSTILE = "\x1b[2J\x9b31m\u202e\ud800]]><script>=1+1|`[red]\n::error::"
RETURNED = {
    "nothing": None,
    "a truth value": True,
    "a whole number": 986,
    "a number": 2.5,
    "a number of NumPy": np.float64(1.5),
    "a whole number of NumPy": np.int64(987),
    "a truth value of NumPy": np.bool_(False),
    "a half-precision number": np.float16(1.5),
    "a complex number": 1 + 2j,
    "a complex number of NumPy": np.complex128(1j),
    "a date": np.datetime64("2026-01-01"),
    "a whole number of a thousand digits": 10**1000,
    "a whole number just beyond 64 bits": -(2**63) - 1,
    "nan": math.nan,
    "minus infinity": -math.inf,
    "the largest number": 1.7e308,
    "the smallest number": 5e-324,
    "text": HOSTILE,
    "bytes": b"\x00\xff",
    "an array without axes": np.array(1.0),
    "a complex array without axes": np.array(1j),
    "an array of one": np.ones(1),
    "an empty array": np.zeros(0),
    "an empty matrix": np.zeros((0, 3)),
    "an empty stack": np.zeros((2, 0, 3)),
    "an empty array with four axes": np.zeros((0, 0, 0, 0)),
    "an empty array with sixteen axes": np.zeros((0,) * 16),
    "an empty array that is wide": np.zeros((0, 1 << 20)),
    "a big-endian array": np.arange(4, dtype=">f8"),
    "an array of bytes": np.arange(4, dtype=np.uint8),
    "an array of truth values": np.array([True, False]),
    "an array of texts": np.array(["a", "b"]),
    "an array of objects": np.array([None, {}], dtype=object),
    "a masked array": np.ma.array([1.0, 2.0], mask=[True, False]),
    "no list": [],
    "no tuple": (),
    "no dict": {},
    "a tuple of one": (np.ones(3),),
    "a tuple of nine": tuple(np.ones(3) for _ in range(9)),
    "a ragged list": [[1.0], [1.0, 2.0], []],
    "a list of everything": [None, "a", 1, 2.5, np.ones(2), [], {}, Opaque("generator")],
    "a list of arrays without axes": [np.array(1.0), np.array(2)],
    "a long list": [0.0] * 5000,
    "a deep nest": functools.reduce(lambda inner, _: [inner], range(30), 1.0),
    "a dict with odd keys": {HOSTILE: 1.0, 1: [], (1, None): {}, math.nan: 2.0, None: 3, Opaque("module"): 4},
    "an ordered dict": OrderedDict(a=1.0),
    "a set": {1, 2},
    "a function": math.sqrt,
    "a generator of random numbers": Seeded(3),
    "something unknown": Opaque(HOSTILE),
}


def arrived(value: Any) -> Any:
    """A value as it comes out of the channel."""
    return wire.decode(wire.encode(value, opaque=True))


ODD = {name: arrived(value) for name, value in RETURNED.items()} | {
    "an exception": Raised(("ValueError", HOSTILE)),
}


def near(right: Any) -> dict[str, Callable[[], Any]]:
    """By name, what makes of the right answer one with all of its arrays changed in one way, or with one odd part."""
    made: dict[str, Callable[[], Any]] = {
        name: functools.partial(_changed, right, change) for name, change in CHANGES.items()
    }
    made |= {"as a list": lambda: _changed(right, np.ndarray.tolist), "in a list": lambda: [right]}
    if isinstance(right, list | tuple):
        made["one part too few"] = lambda: right[:-1]
        made["one part too many"] = lambda: type(right)([*right, *right[:1], 1.0])
        for name in PARTS if right else ():
            made[f"first part {name}"] = lambda name=name: type(right)([ODD[name], *right[1:]])
            made[f"last part {name}"] = lambda name=name: type(right)([*right[:-1], ODD[name]])
    if isinstance(right, dict) and right:
        key = next(iter(right))
        made["one key too few"] = lambda: {name: part for name, part in right.items() if name != key}
        made["one key too many"] = lambda: right | {HOSTILE: 1.0}
        made |= {f"one entry {name}": lambda name=name: right | {key: ODD[name]} for name in PARTS}
    return made


PARTS = (
    "nothing",
    "a truth value",
    "a complex number of NumPy",
    "a whole number of a thousand digits",
    "nan",
    "text",
    "an array without axes",
    "an empty array",
    "an empty matrix",
    "no list",
    "a ragged list",
    "a dict with odd keys",
    "something unknown",
)


def filled(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: np.full(array.shape, value)


def first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def put(array: np.ndarray) -> np.ndarray:
        other = array.astype(np.float64)
        other.flat[:1] = value
        return other

    return put


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "all nan": filled(math.nan),
    "all infinite": filled(-math.inf),
    "all huge": filled(1.7e308),
    "all tiny": filled(5e-324),
    "all zero": filled(0.0),
    "all one": filled(1.0),
    "one nan": first(math.nan),
    "one infinite": first(math.inf),
    "one huge": first(-1.7e308),
    "half precision": lambda array: array.astype(np.float16),
    "single precision": lambda array: array.astype(np.float32),
    "complex": lambda array: array.astype(np.complex128),
    "whole": lambda array: array.astype(np.int64),
    "bytes": lambda array: array.astype(np.uint8),
    "truth values": lambda array: array.astype(bool),
    "an axis more": lambda array: array[..., None],
    "an axis more in front": lambda array: array[None],
    "in a row": lambda array: array.ravel(),
    "transposed": lambda array: array.T,
    "backwards": lambda array: array.ravel()[::-1].reshape(array.shape),
    "empty": lambda array: array.ravel()[:0],
    "without its first slice": lambda array: array[1:] if array.ndim else array,
    "the sum": lambda array: np.asarray(array.sum()),
    "twice over": lambda array: np.concatenate([array, array]) if array.ndim else np.stack([array, array]),
    "negated": lambda array: ~array if array.dtype.kind == "b" else -array,
    "doubled": lambda array: array * 2,
}


def _changed(tree: Any, change: Callable[[np.ndarray], Any]) -> Any:
    return arrived(changed(tree, change))


def changed(tree: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """A nest with all its arrays and numbers changed."""

    def of_leaf(leaf: Any) -> Any:
        if not is_numeric(leaf) or np.asarray(leaf).dtype.kind == "O":  # a whole number beyond 64 bits
            return leaf
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            return change(np.asarray(leaf))

    return mapped(of_leaf, tree)
