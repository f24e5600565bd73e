"""Encode values as bytes and decode them: arrays, numbers, text and nests of these, and nothing that could run.

One frame is a prefix (magic, header length, body length), a JSON header that gives the shape of the nest, and
a body that holds the arrays' bytes one after another. The same form serves the pipe to a worker and a key on disk.
Reading trusts nothing: lengths, dtypes, shapes and depth are checked before a byte is believed.
Nests are walked by hand here, not by `grader.nest`: this runs beside hostile code, too, and imports nothing of ours.
"""

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PREFIX = struct.Struct("<4sIQ")
MAGIC = b"GRD1"
MAX_HEADER = 8 << 20  # bytes: the largest is a key's, with the texts and nests of a whole unit
MAX_ANSWER_HEADER = 256 << 10  # bytes, of a worker's answer: rebuilding a nest of this size takes a tenth of a second
MAX_BODY = 256 << 20
MAX_DEPTH = 32  # deeper than any answer that an exercise asks for, far from Python's recursion limit
MAX_NDIM = 16
DTYPES = {np.dtype(kind).str: np.dtype(kind) for kind in "?bhilqBHILQefdFD"}


class WireError(ValueError):
    """Bytes that are not a valid frame; the message says what is wrong with them."""


def _refuse(name: str) -> None:
    raise WireError(f"{name} is not JSON")


READ = json.JSONDecoder(
    parse_constant=_refuse
).decode  # made once, as making it takes as long as reading a short answer


@dataclass(frozen=True)
class Seeded:
    """A stand-in for `numpy.random.default_rng(seed)`; `materialise` makes a fresh generator of it for each call."""

    seed: int


@dataclass(frozen=True)
class Opaque:
    """A stand-in for an answer that is not data; it holds only the name of the answer's type."""

    name: str


def encode(tree: Any, opaque: bool = False) -> bytes:
    """Encode a value as one frame. What is not data raises WireError, or with `opaque` becomes an Opaque."""
    arrays: list[np.ndarray] = []
    header = _text(_to_json(tree, arrays, opaque, 0)).encode("utf-8", "surrogatepass")
    return _frame(header, b"".join(array.tobytes() for array in arrays))


def beside(name: str, frame: bytes, more: dict[str, Any]) -> bytes:
    """The frame of `{name: what a frame holds} | more`, made without decoding it; `more` has no arrays."""
    start = PREFIX.size + lengths(frame[: PREFIX.size])[0]
    rest = "".join("," + _text([key, _to_json(value, [], True, 1)]) for key, value in more.items())
    before, after = f'{{"d":[[{_text(name)},', f"]{rest}]}}"
    return _frame(before.encode() + frame[PREFIX.size : start] + after.encode(), frame[start:])


def _text(node: Any) -> str:
    return json.dumps(node, separators=(",", ":"), allow_nan=False)


def _frame(header: bytes, body: bytes) -> bytes:
    if len(header) > MAX_HEADER or len(body) > MAX_BODY:
        raise WireError(f"too large to send: {len(header) + len(body):,} bytes")
    return PREFIX.pack(MAGIC, len(header), len(body)) + header + body


def decode(frame: bytes) -> Any:
    """Decode one frame; WireError for any other bytes."""
    if len(frame) < PREFIX.size:
        raise WireError("shorter than a frame's prefix")
    header_size, body_size = lengths(frame[: PREFIX.size])
    if len(frame) != PREFIX.size + header_size + body_size:
        raise WireError("length does not match its prefix")
    header = bytes(frame[PREFIX.size : PREFIX.size + header_size])
    reader = _Body(memoryview(frame)[PREFIX.size + header_size :])
    try:
        tree = READ(header.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"header is not JSON: {type(error).__name__}") from None
    value = _from_json(tree, reader, 0)
    if reader.left():
        raise WireError("bytes left over after the last array")
    return value


def lengths(prefix: bytes) -> tuple[int, int]:
    """(header length, body length) in a prefix; WireError if they are out of bounds."""
    magic, header_size, body_size = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError("does not start like a frame")
    if header_size > MAX_HEADER or body_size > MAX_BODY:
        raise WireError("announces more bytes than allowed")
    return header_size, body_size


def materialise(tree: Any) -> Any:
    """A deep copy for a function to use: with its own arrays, and a new generator in the place of each Seeded.

    Whole numbers of 64 bits become NumPy's own `intp`, the type that counts and indexes: where that has 32 bits, as in a
    web page, `bincount`, `repeat` and `take` refuse any larger one. Elsewhere the two are one type.
    """
    match tree:
        case np.ndarray() if tree.dtype == np.int64 and _has_room(np.intp, tree):
            return tree.astype(np.intp)
        case np.ndarray():
            return tree.copy()
        case Seeded(seed):
            return np.random.default_rng(seed)
        case list():
            return [materialise(item) for item in tree]
        case tuple():
            return tuple(materialise(item) for item in tree)
        case dict():
            return {key: materialise(item) for key, item in tree.items()}
    return tree


def _has_room(kind: type, array: np.ndarray) -> bool:
    """Whether a type of whole numbers holds all those of an array."""
    room = np.iinfo(kind)
    return room.bits >= 64 or not array.size or (array.min() >= room.min and array.max() <= room.max)


def same(a: Any, b: Any) -> bool:
    """Whether two nests hold equal data of equal types and shapes; nan equals nan."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
            return False
        alike = a.dtype == b.dtype and a.shape == b.shape
        return alike and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, complex) and isinstance(b, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, np.random.Generator):
        return isinstance(b, np.random.Generator)
    return type(a) is type(b) and a == b


def _to_json(tree: Any, arrays: list[np.ndarray], opaque: bool, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    kind = type(tree)
    if tree is None or kind in (bool, int, str):
        return tree
    if kind is float:
        return tree if math.isfinite(tree) else {"f": repr(tree)}
    if kind is complex:
        return {"c": [_to_json(part, arrays, opaque, depth + 1) for part in (tree.real, tree.imag)]}
    if kind is list:
        return [_to_json(item, arrays, opaque, depth + 1) for item in tree]
    if kind is tuple:
        return {"t": [_to_json(item, arrays, opaque, depth + 1) for item in tree]}
    if kind is dict:
        return {"d": [[_to_json(part, arrays, opaque, depth + 1) for part in pair] for pair in tree.items()]}
    if kind is Seeded:
        return {"r": tree.seed}
    if kind is Opaque:
        return {"o": tree.name}
    if kind is np.ndarray or isinstance(tree, np.generic):
        return _array_to_json(np.asarray(tree), arrays, opaque)
    if opaque:
        return {"o": str(kind.__name__)[:80]}
    raise WireError(f"{kind.__name__} is not data")


def _array_to_json(array: np.ndarray, arrays: list[np.ndarray], opaque: bool) -> Any:
    plain = array.dtype.newbyteorder("<") if array.dtype.kind in "iufc" else array.dtype
    reason = ""
    if plain.str not in DTYPES:
        reason = f"array of dtype {str(array.dtype)[:40]}"
    elif array.ndim > MAX_NDIM or not _is_small(plain, array.shape):
        reason = f"array of shape {array.shape}, which is too large"
    if reason:
        if opaque:
            return {"o": reason}
        raise WireError(reason)
    arrays.append(array.astype(plain, order="C", copy=False))
    return {"a": [plain.str, list(array.shape)]}


def _is_small(dtype: np.dtype, shape: Sequence[int]) -> bool:
    """Whether an array, and its sum over any axes, is within the size limit.

    An axis of length 0 counts as 1, because the other axes of an empty array can be huge.
    """
    return math.prod(max(n, 1) for n in shape) * dtype.itemsize <= MAX_BODY


def _from_json(node: Any, reader: "_Body", depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(node, list):
        return [_from_json(item, reader, depth + 1) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) != 1:
        raise WireError("a node has one tag")
    ((tag, content),) = node.items()
    match tag, content:
        case "t", list():
            return tuple(_from_json(item, reader, depth + 1) for item in content)
        case "d", list():
            return dict(_pair(item, reader, depth) for item in content)
        case "a", [str(dtype), list(shape)]:
            return reader.array(dtype, shape)
        case "f", "nan" | "inf" | "-inf":
            return float(content)
        case "c", [_, _]:
            return complex(*(_real(item, reader, depth) for item in content))
        case "r", int(seed) if seed >= 0:
            return Seeded(seed)
        case "o", str(name):
            return Opaque(name)
    raise WireError("unknown tag")


def _pair(item: Any, reader: "_Body", depth: int) -> tuple[Any, Any]:
    if not (isinstance(item, list) and len(item) == 2):
        raise WireError("a dict entry is a pair")
    key = _from_json(item[0], reader, depth + 1)
    try:
        hash(key)
    except TypeError:
        raise WireError("a dict key is not hashable") from None
    return key, _from_json(item[1], reader, depth + 1)


def _real(node: Any, reader: "_Body", depth: int) -> float:
    part = _from_json(node, reader, depth + 1)
    if type(part) is not float:
        raise WireError("a part of a complex number is no float")
    return part


class _Body:
    """Reads the arrays of a frame's body one after another."""

    def __init__(self, view: memoryview):
        self.view = view
        self.at = 0

    def left(self) -> int:
        return len(self.view) - self.at

    def array(self, dtype: str, shape: list) -> np.ndarray:
        is_shape = len(shape) <= MAX_NDIM and all(type(n) is int and n >= 0 for n in shape)
        if dtype not in DTYPES or not is_shape or not _is_small(DTYPES[dtype], shape):
            raise WireError("an array with a dtype or shape that is not allowed")
        size = math.prod(shape) * DTYPES[dtype].itemsize
        if size > self.left():
            raise WireError("an array larger than the frame")
        part = bytes(self.view[self.at : self.at + size])
        self.at += size
        if DTYPES[dtype].kind == "b":  # NumPy bools are bytes of 0 or 1; others are invalid
            return (np.frombuffer(part, np.uint8) != 0).reshape(shape)
        return np.frombuffer(part, DTYPES[dtype]).reshape(shape).copy()
