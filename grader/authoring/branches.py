"""Several functions go through one long calculation: what comes before their first call is calculated once.

A driver may train for seconds before it calls what a student writes, and does the same whatever that is.
"""

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any


def branched(functions: Mapping[str, Callable], calculate: Callable[[Callable], Any]) -> dict[str, Any]:
    """What `calculate` gives for each function, by name.

    It is begun once, with a function that forks this process when it is first called: each child goes on with one of the
    functions, the parent with the last. Where a process cannot be forked or has other threads, which a fork would leave
    behind, it is begun for each.
    """
    if not functions or not _is_alone():
        return {name: calculate(function) for name, function in functions.items()}
    *others, last = functions
    found: dict[str, Any] = {}
    chosen: str | None = None  # whose branch this process is in
    back = -1  # where a child sends what it comes to

    def any_of_them(*args: Any, **named: Any) -> Any:
        nonlocal chosen, back
        for name in others if chosen is None else ():
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                chosen, back = name, writing
                break
            os.close(writing)
            found.update(_received(name, reading, child))
        chosen = last if chosen is None else chosen
        return functions[chosen](*args, **named)

    try:
        result = calculate(any_of_them)
        if back >= 0:
            _send(result, back)
    finally:
        if back >= 0:
            os._exit(0)
    if chosen is None:  # it was never called, so that none of them matters
        return dict.fromkeys(functions, result)
    found[last] = result
    return {name: found[name] if name in found else calculate(function) for name, function in functions.items()}


def _is_alone() -> bool:
    """Whether this process has one thread, those of PyTorch and the like counted."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


def _received(name: str, reading: int, child: int) -> dict[str, Any]:
    """What a child sends, under its name; nothing where it ended without a word, and has to be calculated again."""
    with open(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return {name: pickle.loads(content)} if content else {}


def _send(result: Any, writing: int) -> None:
    with suppress(Exception), os.fdopen(writing, "wb") as pipe:
        pipe.write(pickle.dumps(result))
