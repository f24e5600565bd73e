"""A key: one unit compiled with a seed. Inputs, expected answers and named mistakes as data; no code, no pickle.

Grading reads keys and nothing else: it never imports a reference solution.
"""

import hashlib
import itertools
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.frozen import frozen
from grader.sandbox import wire
from grader.sandbox.inside.way import Way
from grader.text import tame
from grader.typed import build

SCHEMA = 4
MOST_POINTS = 10**6  # of a check: reports draw them
MAX_PART = 256 << 20  # bytes an exercise's part may unpack to; a tenth of a megabyte is usual
MAGIC = b"grader key\n"
DIGEST = 64  # hexadecimal digits of a SHA-256


class KeyFileError(GraderError):
    """A file that is not a key which this version can read; the message names the file and says what to do."""


@frozen
class Question:
    """One call of the student's function: its inputs, and what is known of the answer.

    `tolerance` is one absolute number for each array or number of the answer, in order. `mistakes` maps a mistake's
    name to its answer; a mistake that answers as the reference does is left out. Where there is no one right answer,
    `expected` has the right form (or stands for an exception), and of mistakes the check's kind keeps a trace, not the answer.
    `driver` asks it in the exercise's own's place, where its check has one; `single` are the tolerances in float32.
    """

    label: str
    inputs: dict[str, Any]
    expected: Any
    tolerance: list[float]
    mistakes: dict[str, Any]
    driver: str = ""
    single: list[float] = field(default_factory=list)


@frozen
class CheckKey:
    """A check as data: `groups` are lists of question numbers, one list a case; `facts` stand beside them.

    `kind` and `options` are as they came: what they mean, `grader.judging.kinds.registry` knows. `returns` name the answers
    where they are not the exercise's, but those of a driver of the check's own.
    """

    claim: str
    points: int
    kind: str
    groups: list[list[int]]
    facts: list[Any]
    options: dict[str, Any]
    returns: list[str] = field(default_factory=list)


@frozen
class MistakeKey:
    name: str
    sentence: str


@frozen
class ExerciseKey:
    """An exercise as data. `parameters` are the parameter names in order, `shapes` the names of each argument's axes,
    `returns` the names of the answer's parts. `driver` is the source of the function that calls the student's code, empty for
    a plain call. `pieces` are the names in the student's file that it uses. `signs` are pairs (part of the answer, axis):
    along the axis each slice may have either sign. A part of None is the whole answer, an axis of None one sign for the whole
    part. `seconds` is the time limit of a training run, `band` the range of the reference's loss curve: rows of [share of the
    run, lowest, highest loss]. `reacts` has arguments that the answer depends on, each with a question's number that shows it.
    `words` say what parts of the answer are, by a case's label (empty for every case) and their names in Python, and
    `frameworks` which packages besides NumPy an answer may use.
    """

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
    driver: str = ""
    torch: bool = False
    pieces: list[str] = field(default_factory=list)
    seconds: float = 0.0
    signs: list[list[int | None]] = field(default_factory=list)
    forbids: list[str] = field(default_factory=list)
    band: list[list[float]] = field(default_factory=list)
    reacts: dict[str, int] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    frameworks: list[str] = field(default_factory=list)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What is worked out of it once and kept for the next submission, by any name; no part of the data."""
        return {}

    def way_of(self, question: Question) -> Way:
        """How its functions are asked."""
        return Way(self.parameters, question.driver or self.driver, self.torch)

    def signs_of(self, question: Question) -> list[list[int | None]]:
        """Where the answer to a question is free in sign: nowhere in what another driver makes of it."""
        return [] if question.driver else self.signs

    def returns_of(self, check: CheckKey) -> list[str]:
        """What the parts of the answers are called that a check is about."""
        return check.returns or self.returns


# What a key has only where it says something: most checks have no driver of their own.
SELDOM = {Question: ("driver", "single"), CheckKey: ("returns",), ExerciseKey: ("words", "frameworks")}


@frozen
class Key:
    """A unit as data. `allows` are the packages that submissions may import besides the standard library.

    `id` is the unit's name and a hash over all its exercises, including those that were not loaded; it reveals no seed.
    """

    unit: str
    title: str
    allows: list[str]
    exercises: list[ExerciseKey]
    id: str

    def exercise(self, name: str) -> ExerciseKey:
        return next(exercise for exercise in self.exercises if exercise.name == name)

    @property
    def max_points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)


@frozen
class Index:
    """The first part of a key's file: its exercises, and where the part of each one ends (bytes after the index)."""

    unit: str
    title: str
    allows: list[str]
    names: list[str]
    digests: list[str]
    ends: list[int]

    @property
    def id(self) -> str:
        return f"{self.unit}-{hashlib.sha256(''.join(self.digests).encode()).hexdigest()[:12]}"


def make(unit: str, title: str, allows: list[str], exercises: list[ExerciseKey]) -> Key:
    """Make a key from exercises and compute its id. Texts are made tame, as on reading. ValueError for a wrong type.

    Whether its parts fit together is checked when it is read, which happens before any use of a key.
    """
    title, exercises = tame(title), [build(ExerciseKey, _tree(exercise)) for exercise in exercises]
    digests = [_digest(_frame(exercise)) for exercise in exercises]
    return Key(unit, title, allows, exercises, Index(unit, title, allows, [], digests, []).id)


def to_bytes(key: Key) -> bytes:
    """Encode a key as a file's bytes; the same key always gives the same bytes."""
    frames = [_frame(exercise) for exercise in key.exercises]
    packed = [zlib.compress(frame, 9) for frame in frames]
    ends = list(itertools.accumulate(map(len, packed)))
    names = [exercise.name for exercise in key.exercises]
    index = Index(key.unit, key.title, key.allows, names, [_digest(frame) for frame in frames], ends)
    head = wire.encode({"schema": SCHEMA} | _tree(index))
    return MAGIC + _digest(head).encode() + head + b"".join(packed)


def from_bytes(content: bytes, name: str = "key", only: Collection[str] = ()) -> Key:
    """Decode a key; KeyFileError, with the file's `name`, for other bytes. `only` are the exercises to load, or all."""
    with _told_as_damage(name):
        index, parts = _read_index(content, name)
        if len(parts) != (index.ends[-1] if index.ends else 0):
            raise KeyFileError(f"{name} is damaged (its length); make it again with `grade dev build`")
        exercises, starts = [], [0, *index.ends]
        for exercise, digest, start, end in zip(index.names, index.digests, starts, index.ends, strict=False):
            if exercise in only or not only:
                frame = _unpack(parts[start:end])
                if _digest(frame) != digest:
                    raise wire.WireError("its contents are not what its index says")
                exercises.append(_checked(build(ExerciseKey, wire.decode(frame))))
        return Key(index.unit, index.title, index.allows, exercises, index.id)


def load(path: Path, only: Collection[str] = ()) -> Key:
    """Read a key's file; KeyFileError if it cannot be read. `only` names the exercises to load, empty for all."""
    return from_bytes(_content(path), str(path), only)


def load_index(path: Path) -> Index:
    """Read only the index of a key's file: the unit and its exercises' names. KeyFileError if it cannot be read."""
    content = _content(path)
    with _told_as_damage(str(path)):
        return _read_index(content, str(path))[0]


@contextmanager
def _told_as_damage(name: str) -> Iterator[None]:
    """What the bytes of a file make Python raise, as a sentence that names the file."""
    try:
        yield
    except KeyFileError:
        raise
    except (zlib.error, ValueError, KeyError, TypeError) as error:  # a WireError is a ValueError
        damage = f"damaged ({type(error).__name__}: {error})"
        raise KeyFileError(f"{name} is {damage}; make it again with `grade dev build`") from None


def _content(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KeyFileError(f"cannot read the key {path}: {error.strerror}; make it with `grade dev build`") from None


def _read_index(content: bytes, name: str) -> tuple[Index, bytes]:
    """The index, and the bytes behind it."""
    if not content.startswith(MAGIC):
        raise KeyFileError(f"{name} is not a key; make one with `grade dev build`")
    start = len(MAGIC) + DIGEST
    end = start + wire.PREFIX.size
    if len(content) < end:
        raise wire.WireError("it ends in its index")
    end += sum(wire.lengths(content[start:end]))
    if _digest(content[start:end]).encode() != content[len(MAGIC) : start]:
        raise wire.WireError("its index is not what it was")
    tree = wire.decode(content[start:end])
    if tree["schema"] != SCHEMA:
        raise KeyFileError(f"{name} was made by another version of the grader; make it again with `grade dev build`")
    index = build(Index, tree)
    if not len(index.names) == len(index.digests) == len(index.ends) or index.ends != sorted(index.ends):
        raise wire.WireError("its index does not fit together")
    if not all(map(str.isidentifier, [index.unit, *index.names])):
        raise wire.WireError("its index has a name that is none")
    return index, content[end:]


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    frame = unpacker.decompress(packed, MAX_PART)
    if not unpacker.eof or unpacker.unused_data:
        raise wire.WireError("a part is cut off or too large")
    return frame


def _frame(exercise: ExerciseKey) -> bytes:
    return wire.encode(_tree(exercise))


def _digest(frame: bytes) -> str:
    return hashlib.sha256(frame).hexdigest()


def _tree(item: Any) -> Any:
    """A key's dataclasses as dicts. Everything else in them, such as arrays and `Seeded`, stays as it is."""
    if isinstance(item, Index | ExerciseKey | Question | CheckKey | MistakeKey):
        seldom, values = SELDOM.get(type(item), ()), {part.name: getattr(item, part.name) for part in fields(item)}
        return {name: _tree(value) for name, value in values.items() if name not in seldom or value}
    return [_tree(part) for part in item] if isinstance(item, list) else item


def _checked(exercise: ExerciseKey) -> ExerciseKey:
    """Return the exercise if its parts fit together (question numbers, parameters, …); WireError if they do not."""
    asked = range(len(exercise.questions))
    for check in exercise.checks:
        fits = len(check.groups) == len(check.facts) and all(
            number in asked for group in check.groups for number in group
        )
        if not fits or not all(check.groups) or not 0 <= check.points <= MOST_POINTS:
            raise wire.WireError(f"{exercise.name} has a check of questions that it has not")
    if not exercise.checks or sum(check.points for check in exercise.checks) != exercise.points:
        raise wire.WireError(f"{exercise.name} has not the points of its checks")
    if not all(number in asked for number in exercise.reacts.values()):
        raise wire.WireError(f"{exercise.name} has an argument of a question that it has not")
    names = [exercise.name, *exercise.parameters, *exercise.pieces, *(check.kind for check in exercise.checks)]
    if not all(map(str.isidentifier, names)):
        raise wire.WireError(f"{exercise.name} has a name that is none")
    return exercise
