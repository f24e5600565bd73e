"""Call a student's function with one question's inputs and bring back data. Runs in the worker.

Also used in-process by `grade dev check`, on functions that are the author's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.sandbox import wire

MESSAGE_LIMIT = 2000  # characters of an exception's text that are worth reading
FRAMES = 4  # the innermost of the student's own frames


def call(function: Callable, inputs: Mapping[str, Any], parameters: Sequence[str], file: str = "") -> dict[str, Any]:
    """{"value": …, "changed": [names]} or {"error": …}, ready for `wire.encode`. Raises nothing."""
    given = {name: wire.materialise(value) for name, value in inputs.items()}
    try:
        positional, named = bind(given, parameters)
        value = function(*positional, **named)
        answer = wire.decode(wire.encode(value, opaque=True))  # before the next call can change it
    except BaseException as error:  # SystemExit and KeyboardInterrupt are errors of the student's code, too
        return {"error": describe_error(error, file)}
    changed = [name for name, value in inputs.items() if not _unchanged(given[name], value)]
    return {"value": answer, "changed": changed}


def bind(given: Mapping[str, Any], parameters: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments as far as they go without a gap, the rest by name: parameter names are free until then."""
    positional: list[Any] = []
    for name in parameters:
        if name not in given:
            break
        positional.append(given[name])
    return positional, {name: given[name] for name in parameters[len(positional) :] if name in given}


def describe_error(error: BaseException, file: str) -> dict[str, Any]:
    """An exception as data: its type's name, its text cut short, and the student's own frames, innermost last."""
    try:
        message = str(error)[:MESSAGE_LIMIT]
    except BaseException:
        message = "<the message cannot be printed>"
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if file and code.co_filename == file:
            frames.append([trace.tb_lineno, str(code.co_name)[:80]])
        trace = trace.tb_next
    names = [str(kind.__name__)[:80] for kind in type(error).__mro__ if isinstance(kind.__name__, str)]
    return {"type": names[0], "bases": names[1:8], "message": message, "frames": frames[-FRAMES:]}


def _unchanged(now: Any, before: Any) -> bool:
    if isinstance(before, wire.Seeded):  # a generator is there to be used
        return True
    return wire.same(now, before)
