"""A key: one unit compiled with a seed. Inputs, expected answers and named mistakes as data; no code, no pickle.

Grading reads keys and nothing else: it never imports a reference solution.
"""

import hashlib
import zlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.sandbox import wire

SCHEMA = 1
MAX_KEY = 512 << 20  # bytes a key may unpack to; a megabyte is usual
MAGIC = b"grader key\n"


class KeyFileError(GraderError):
    """A file that is not a key this version reads; the message says which and what to do."""


@dataclass(frozen=True)
class Question:
    """Inputs to call the student's function with, and what is known of the answer.

    `tolerance` is one absolute number for each array or number of the answer, in order. `mistakes` maps a mistake's
    name to its answer; a mistake that answers as the reference does is left out.
    """

    label: str
    inputs: dict[str, Any]
    expected: Any
    tolerance: list[float]
    mistakes: dict[str, Any]


@dataclass(frozen=True)
class CheckKey:
    """A check as data: `groups` are lists of question numbers, one list a case; `facts` stand beside them."""

    claim: str
    points: int
    kind: str
    groups: list[list[int]]
    facts: list[Any]
    options: dict[str, Any]


@dataclass(frozen=True)
class MistakeKey:
    name: str
    sentence: str


@dataclass(frozen=True)
class ExerciseKey:
    """An exercise as data. `parameters` are the names in order; `shapes` and `returns` name axes and answers."""

    name: str
    points: int
    parameters: list[str]
    shapes: dict[str, list[str]]
    returns: list[str]
    summary: str
    stub: str
    handout: str
    hints: list[str]
    questions: list[Question]
    checks: list[CheckKey]
    mistakes: list[MistakeKey]


@dataclass(frozen=True)
class Key:
    """A unit as data. `allows` are the packages that its submissions may import beside the standard library."""

    unit: str
    title: str
    allows: list[str]
    exercises: list[ExerciseKey]

    @cached_property
    def id(self) -> str:
        """The unit's name and a hash of everything in the key; it reveals no seed."""
        return f"{self.unit}-{hashlib.sha256(wire.encode(_tree(self))).hexdigest()[:12]}"

    def exercise(self, name: str) -> ExerciseKey:
        return next(exercise for exercise in self.exercises if exercise.name == name)

    @property
    def max_points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)


def to_bytes(key: Key) -> bytes:
    """The key as a file's bytes; the same key gives the same bytes."""
    return MAGIC + zlib.compress(wire.encode({"schema": SCHEMA, **_tree(key)}), 9)


def from_bytes(content: bytes, name: str = "key") -> Key:
    """The key in a file's bytes; KeyFileError, naming the file, for anything else."""
    if not content.startswith(MAGIC):
        raise KeyFileError(f"{name} is not a key; make one with `grade dev build`")
    try:
        unpacker = zlib.decompressobj()
        tree = wire.decode(unpacker.decompress(content[len(MAGIC) :], MAX_KEY))
        if not unpacker.eof or unpacker.unused_data:
            raise KeyFileError(f"{name} is damaged: it is too short or too long; make it again with `grade dev build`")
        if tree.pop("schema") != SCHEMA:
            raise KeyFileError(
                f"{name} was made by another version of the grader; make it again with `grade dev build`"
            )
        return _build(Key, tree, exercises=_exercise)
    except KeyFileError:
        raise
    except (zlib.error, wire.WireError, AttributeError, KeyError, TypeError) as error:
        raise KeyFileError(
            f"{name} is damaged ({type(error).__name__}: {error}); make it again with `grade dev build`"
        ) from None


def load(path: Path) -> Key:
    """Read a key's file; KeyFileError if there is none."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise KeyFileError(f"cannot read the key {path}: {error.strerror}; make it with `grade dev build`") from None
    return from_bytes(content, str(path))


def _tree(item: Any) -> Any:
    """A key's dataclasses as dicts; what they hold, arrays and generators' stand-ins among it, stays as it is."""
    if isinstance(item, Key | ExerciseKey | Question | CheckKey | MistakeKey):
        return {field.name: _tree(getattr(item, field.name)) for field in fields(item)}
    return [_tree(part) for part in item] if isinstance(item, list) else item


def _exercise(tree: dict) -> ExerciseKey:
    return _build(
        ExerciseKey,
        tree,
        questions=lambda item: _build(Question, item),
        checks=lambda item: _build(CheckKey, item),
        mistakes=lambda item: _build(MistakeKey, item),
    )


def _build(kind: type, tree: dict, **parts: Any) -> Any:
    """A dataclass from its dict; `parts` say how to build the items of a list."""
    values = {field.name: tree[field.name] for field in fields(kind)}
    return kind(**values | {name: [build(item) for item in tree[name]] for name, build in parts.items()})
