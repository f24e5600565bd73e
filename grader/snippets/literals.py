"""A value of a key as Python text that makes exactly this value again, in a session that has imported NumPy or PyTorch."""

import base64
import math
import textwrap
from typing import Any

import numpy as np

from grader.sandbox.wire import Opaque, Seeded

MOST_WRITTEN = 100  # numbers of an array that somebody reads; of more, only the bytes are there
WIDTH = 100
PLAIN = {"f": np.float64, "i": np.int64, "b": np.bool_}  # what NumPy makes of a list by itself


def literal(value: Any, torch: bool = False, indent: int = 0) -> str:
    """The text of a value; `torch` makes tensors of arrays. Lines after the first are indented by `indent`, and more."""
    match value:
        case np.ndarray():
            return _array(value, torch, indent)
        case Seeded(seed):
            return f"np.random.default_rng({seed})"
        case Opaque(name):
            return repr(f"<{name}>")
        case float():
            return _number(value)
        case list():
            return "[" + ", ".join(literal(item, torch, indent) for item in value) + "]"
        case tuple():
            parts = [literal(item, torch, indent) for item in value]
            return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
        case dict():
            pairs = (f"{literal(key)}: {literal(item, torch, indent + 4)}" for key, item in value.items())
            return "{" + f",\n{' ' * (indent + 4)}".join(pairs) + "}"
    return repr(value)


def needs_base64(text: str) -> bool:
    """Whether a text of `literal` uses the module base64."""
    return "base64.b64decode(" in text


def _array(array: np.ndarray, torch: bool, indent: int) -> str:
    if array.size > MOST_WRITTEN and not _is_constant(array):
        # in lines, as a terminal takes none of any length
        kept = textwrap.wrap(base64.b64encode(array.tobytes()).decode(), WIDTH)
        data = "\n".join(f'    "{line}"' for line in kept)
        text = f'np.frombuffer(base64.b64decode(\n{data}\n), "{array.dtype.str}").reshape({array.shape}).copy()'
        return f"torch.from_numpy({text})" if torch else text
    if not array.size or (array.size > 1 and _is_constant(array)):
        fill = _number(array.flat[0].item()) if array.size else 0
        text = f"np.full({array.shape}, {fill}, {_dtype(array.dtype)})"
        return f"torch.from_numpy({text})" if torch else text
    made = "torch.tensor(" if torch else "np.array("
    kind = f", dtype=torch.{array.dtype.name}" if torch else _kind_of(array)
    return made + _rows(array, indent + len(made)) + kind + ")"


def _is_constant(array: np.ndarray) -> bool:
    """Whether all its numbers are one and the same, of one sign."""
    first = array.flat[:1].tobytes()
    return array.tobytes() == first * array.size


def _kind_of(array: np.ndarray) -> str:
    return "" if PLAIN.get(array.dtype.kind) == array.dtype.type else f", {_dtype(array.dtype)}"


def _dtype(dtype: np.dtype) -> str:
    return "bool" if dtype.kind == "b" else f"np.{dtype.name}"


def _rows(array: np.ndarray, indent: int) -> str:
    """The numbers as a nest of lists, a row of the last axis on lines of its own."""
    if not array.ndim:
        return _number(array[()].item(), array.dtype)
    if array.ndim == 1:
        return _wrapped([_number(item, array.dtype) for item in array.tolist()], indent + 1)
    gap = "\n" + " " * (indent + 1)
    return "[" + f",{gap}".join(_rows(item, indent + 1) for item in array) + "]"


def _wrapped(words: list[str], indent: int) -> str:
    lines, line = [], ""
    for word in words:
        if line and indent + len(line) + len(word) + 2 > WIDTH:
            lines.append(line)
            line = ""
        line += f"{', ' if line else ''}{word}"
    return "[" + f",\n{' ' * indent}".join([*lines, line]) + "]"


def _number(value: Any, dtype: np.dtype | None = None) -> str:
    """A number's shortest exact text; a float32's is shorter than that of the same number in double precision."""
    if isinstance(value, float):
        if math.isnan(value):
            return "np.nan"
        if math.isinf(value):
            return "np.inf" if value > 0 else "-np.inf"
        if dtype is not None and dtype == np.float32:
            return str(np.float32(value)) if np.float32(value) != int(value) else repr(value)
    return repr(value)
