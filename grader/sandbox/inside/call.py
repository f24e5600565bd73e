"""Ask a student's function one question and return the answer as data. Runs in the worker.

`grade dev check` also uses it in its own process, on the author's functions.
"""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from opcode import opmap
from types import CodeType, TracebackType
from typing import Any

from grader.sandbox import wire
from grader.sandbox.inside import modules
from grader.sandbox.inside.doors import Doors, refused
from grader.sandbox.inside.foreign import taken
from grader.sandbox.inside.way import Way

MESSAGE_LIMIT = 2000  # characters of an exception's message
FRAMES = 4  # how many of the student's own frames are reported, the innermost
DRIVER = "<driver>"  # the file name of a driver in tracebacks


def call(
    pieces: Sequence[Callable],
    inputs: Mapping[str, Any],
    way: Way,
    file: str = "",
    forbids: Sequence[str] = (),
    device: str = "cpu",
    report: modules.Report | None = None,
    doors: Doors | None = None,
    homes: Collection[str] = (),
) -> dict[str, Any]:
    """Ask one question: {"value": …, "changed": [names of changed inputs]} or {"error": …}. Never raises.

    `doors` are the wrappers around forbidden operations that are installed in this process, `homes` the packages whose
    arrays are answers, too.
    """
    return wire.decode(called(pieces, inputs, way, file, forbids, device, report, doors, homes))


def called(
    pieces: Sequence[Callable],
    inputs: Mapping[str, Any],
    way: Way,
    file: str,
    forbids: Sequence[str],
    device: str,
    report: modules.Report | None,
    doors: Doors | None,
    homes: Collection[str],
) -> bytes:
    """`call` with what it returns as a frame."""
    given = {name: wire.materialise(value) for name, value in inputs.items()}
    try:
        ask = driven(pieces, way, device, report, homes)
        with refused(forbids, doors):
            value = ask(**given) if way.torch else taken(ask(**given), homes)
            answer = wire.encode(value, opaque=True)  # before the next call can change it
    except BaseException as error:  # SystemExit and KeyboardInterrupt come from the student's code, too
        return wire.encode({"error": describe_error(error, file)}, opaque=True)
    changed = [name for name, value in inputs.items() if not _unchanged(given[name], value)]
    return wire.beside("value", answer, {"changed": changed})


def driven(
    pieces: Sequence[Callable],
    way: Way,
    device: str = "cpu",
    report: modules.Report | None = None,
    homes: Collection[str] = (),
) -> Callable[..., Any]:
    """A function that takes a question's inputs by name: the student's own, or the driver applied to the student's.

    In both cases the student may name parameters differently, because named arguments are passed on by position. A
    class, or several pieces, are given to the driver as they are. A driver counts on arrays of NumPy's (or tensors), so
    what a function answers with arrays of `homes` is turned into them before it gets it.
    """
    function = pieces[0]

    def student(*args: Any, **named: Any) -> Any:
        given = dict(zip(way.parameters, args, strict=False)) | named
        positional, rest = bind(given, way.parameters)
        unknown = {name: value for name, value in named.items() if name not in way.parameters}
        answer = function(*positional, *args[len(way.parameters) :], **rest, **unknown)
        return answer if way.torch else taken(answer, homes)

    ask = student
    if way.driver:
        own = pieces if len(pieces) > 1 or isinstance(function, type) else [student]
        ask = functools.partial(_function(way.driver, modules.names(way.torch, device, report)), *own)
    if not way.torch:
        return ask

    def with_tensors(**inputs: Any) -> Any:
        answer = ask(**modules.tensors(inputs, device))
        return modules.arrays(answer if way.driver else modules.no_arrays(answer))

    return with_tensors


def bind(given: Mapping[str, Any], parameters: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Split named arguments: positional ones up to the first gap, the rest by name. Students may rename the former."""
    positional: list[Any] = []
    for name in parameters:
        if name not in given:
            break
        positional.append(given[name])
    return positional, {name: given[name] for name in parameters[len(positional) :] if name in given}


def describe_error(error: BaseException, file: str) -> dict[str, Any]:
    """An exception as data: the name of its type, its shortened message, and the student's own frames, innermost last.

    `in_driver` means that it was raised in the driver, which could not use what the student's function returned;
    `is_said`, that the driver says so by a `raise` of its own, in its author's words.
    """
    try:
        message = str(error)[:MESSAGE_LIMIT]
    except BaseException:
        message = "<the message cannot be printed>"
    frames = []
    trace, last, in_driver = error.__traceback__, None, False
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in (DRIVER, __file__):
            in_driver = code.co_filename == DRIVER
        if file and code.co_filename == file:
            frames.append([trace.tb_lineno, str(code.co_name)[:80]])
        trace, last = trace.tb_next, trace
    names = [str(kind.__name__)[:80] for kind in type(error).__mro__ if isinstance(kind.__name__, str)]
    return {
        "type": names[0],
        "bases": names[1:8],
        "message": message,
        "frames": frames[-FRAMES:],
        "in_driver": in_driver and not frames,
        "is_said": not frames and last is not None and _is_said(last),
    }


def _is_said(trace: TracebackType) -> bool:
    code = trace.tb_frame.f_code
    return code.co_filename == DRIVER and code.co_code[trace.tb_lasti] == opmap["RAISE_VARARGS"]


def _function(driver: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The one function that a driver's text defines."""
    exec(_compiled(driver), names)
    return list(names.values())[-1]


@functools.lru_cache(8)
def _compiled(driver: str) -> CodeType:
    return compile(driver, DRIVER, "exec")


def _unchanged(now: Any, before: Any) -> bool:
    if isinstance(before, wire.Seeded):  # a generator is meant to change
        return True
    return wire.same(now, before) or wire.same(now, wire.materialise(before))  # which copies, so only where it may tell
