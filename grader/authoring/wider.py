"""Inputs from a wider range than any case draws, for differences that no case shows."""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from grader.draw import Inputs
from grader.nest import leaves, mapped


def wider(inputs: Inputs, definition: ast.AST) -> Iterator[tuple[str, Inputs]]:
    """(description, inputs) for each variation: one input at a time is changed or left to its default."""
    for name in _optional(definition):
        if name in inputs:
            yield f"{name} left out", {key: value for key, value in inputs.items() if key != name}
    for name, value in inputs.items():
        for how, other in _others(value):
            yield f"{name} {how}", inputs | {name: other}


def _optional(definition: ast.AST) -> list[str]:
    if not isinstance(definition, ast.FunctionDef):
        return []
    names, defaults = [argument.arg for argument in definition.args.args], definition.args.defaults
    return names[len(names) - len(defaults) :]


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield f"= {not value}", not value
    elif isinstance(value, int):
        yield from ((f"= {other}", other) for other in (value + 1, value - 1, value + 2))
    elif isinstance(value, float):
        yield from ((f"= {other:g}", other) for other in (value / 2, value * 2, value + 1))
    elif any(_is_array(leaf, "f") for _, leaf in leaves(value)):
        yield "rounded", mapped(lambda leaf: np.round(leaf) if _is_array(leaf, "f") else leaf, value)
        yield "turned round", mapped(lambda leaf: -leaf if _is_array(leaf, "f") else leaf, value)
        yield "ten times as large", mapped(lambda leaf: 10 * leaf if _is_array(leaf, "f") else leaf, value)
        yield "far from zero", mapped(lambda leaf: leaf + 5.0 if _is_array(leaf, "f") else leaf, value)
        yield "in reverse", mapped(lambda leaf: leaf[::-1].copy() if _is_array(leaf, "f") else leaf, value)
    elif isinstance(value, np.ndarray) and value.size:
        yield "all the same", np.full_like(value, value.flat[0])
        yield "in reverse", value[::-1].copy() if value.ndim else value
        if value.dtype.kind == "b":
            yield "turned round", ~value


def _is_array(leaf: Any, kind: str) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind == kind and leaf.ndim > 0
