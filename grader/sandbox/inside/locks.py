"""Make functions written in C uncallable while they are forbidden, even for code that already holds the object.

CPython calls such an object through a pointer stored in it. With the pointer cleared, the call raises TypeError.
"""

import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

IMMUTABLE, HAS_POINTER = 1 << 8, 1 << 11  # Py_TPFLAGS_IMMUTABLETYPE and _HAVE_VECTORCALL
BASIC_SIZE, POINTER_OFFSET = 4, 7  # words of a type: tp_basicsize and tp_vectorcall_offset
WORD = ctypes.sizeof(ctypes.c_void_p)


@dataclass
class Lock:
    """The call pointers of some objects with their original values; `opened` counts the contexts that hold it open."""

    pointers: list[tuple[ctypes.c_void_p, int]]
    opened: int = 0
    holds: list[Any] = field(default_factory=list)  # the objects themselves, to keep them alive


def lock_of(objects: Iterable[Any]) -> Lock:
    """An open lock for those objects that are called through a pointer; functions written in Python are not."""
    lock = Lock([])
    for value in objects:
        kind = type(value)
        if isinstance(value, FunctionType | type) or not kind.__flags__ & HAS_POINTER:
            continue
        words = (ctypes.c_ssize_t * (POINTER_OFFSET + 1)).from_address(id(kind))
        offset = words[POINTER_OFFSET]
        if words[BASIC_SIZE] != kind.__basicsize__ or not 2 * WORD <= offset <= kind.__basicsize__ - WORD:
            continue  # another interpreter than the one this was written for
        pointer = ctypes.c_void_p.from_address(id(value) + offset)
        if pointer.value:
            lock.pointers.append((pointer, pointer.value))
            lock.holds.append(value)
    return lock


def shut(lock: Lock) -> None:
    for pointer, _ in lock.pointers:
        pointer.value = None


def open_up(lock: Lock) -> None:
    for pointer, value in lock.pointers:
        pointer.value = value


@contextmanager
def opened(lock: Lock) -> Iterator[None]:
    """A context in which the lock is open; it shuts when the last of several such contexts ends."""
    lock.opened += 1
    open_up(lock)
    try:
        yield
    finally:
        lock.opened -= 1
        if not lock.opened:
            shut(lock)


def put(kind: type, values: dict[str, Any]) -> bool:
    """Set attributes of a type written in C, by clearing its immutability flag meanwhile; whether that worked.

    If the flag cannot be found, as in an interpreter other than CPython, nothing is done and the result is False.
    """
    words = (ctypes.c_ulong * (type.__basicsize__ // ctypes.sizeof(ctypes.c_ulong))).from_address(id(kind))
    at = [number for number, word in enumerate(words) if word == kind.__flags__]
    if len(at) != 1:
        return False
    words[at[0]] &= ~IMMUTABLE
    try:
        for name, value in values.items():
            setattr(kind, name, value)
    finally:
        words[at[0]] |= IMMUTABLE
    return True
