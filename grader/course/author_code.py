"""What an author's own code raises or returns by a slip is told with its file and line, and what to do."""

import contextlib
import inspect
import re
import traceback
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grader.exercise
from grader.errors import GraderError, did_you_mean
from grader.judging.describing import describe
from grader.sandbox.wire import WireError, encode
from grader.text import one_line

GRADER = Path(grader.exercise.__file__).parent
OPTION = re.compile(r"(?:\w+\.)*?(\w+?)(?:\.__init__)?\(\) got an unexpected keyword argument '(\w+)'")


class UnitError(GraderError):
    """A unit's files are missing or do not fit together; the message says which file and what to do."""


@contextlib.contextmanager
def authored(what: str, folder: Path) -> Iterator[None]:
    """A part in which an author's code runs: what that raises becomes a UnitError, which says `what` and where."""
    try:
        yield
    except (GraderError, ImportError):
        raise
    except Exception as error:
        raise UnitError(f"{where(error, folder)}: {what}{reason(error)}") from error


def where(error: BaseException, folder: Path, asking: str = "checks.py") -> str:
    """The last place of an exception in a unit's own files, such as `checks.py, line 12`; the file that asks them if there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else str(folder / asking)


def reason(error: BaseException) -> str:
    """What an exception says, in words that name the right option where one is misspelt; a sentence of ours as it is."""
    if isinstance(error, GraderError):
        return str(error)
    if isinstance(error, SyntaxError):
        return error.msg
    if found := OPTION.match(str(error)):
        word, option = found.groups()
        known = _options(word)
        return f"{word} has no {'option' if known else 'argument'} '{option}'{did_you_mean(option, known)}"
    if type(error) is ValueError and _is_ours(error):  # a sentence already
        return one_line(str(error), 300)
    return f"{type(error).__name__}: {one_line(str(error), 200)}"


def returned(inputs: Any, known: Collection[str] | None, function: Callable, what: str) -> dict[str, Any]:
    """The inputs that a case or a change returns. UnitError where they are no dict, or have names that are not `known`."""
    if not isinstance(inputs, dict):
        got = "nothing: is a `return` missing" if inputs is None else describe(inputs)
        raise UnitError(f"{_place(function)}: {what} returns {got}; it must return the inputs, a dict by argument")
    if known is not None and (unknown := [str(name) for name in inputs if name not in known]):
        raise UnitError(
            f"{_place(function)}: {what} returns {', '.join(unknown)}, and the arguments are {', '.join(known)}"
        )
    return inputs


def sendable(inputs: dict[str, Any], what: str) -> dict[str, Any]:
    """The inputs of a case, which are data. UnitError where one is not, because a student's code runs in another process."""
    for name, value in inputs.items():
        try:
            encode(value)
        except WireError as error:
            raise UnitError(
                f"{what} has an input {name} that is no data: {error}. An input is an array, a number, a text, None, or a list, "
                "tuple or dict of these; a random generator is draw.generator()"
            ) from None
    return inputs


def called(function: Callable) -> str:
    """How an author calls a function of theirs."""
    inner = _unwrapped(function)
    name = getattr(inner, "__name__", type(inner).__name__)
    return "a lambda" if name == "<lambda>" else name


def _is_ours(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).is_relative_to(GRADER)


def _options(word: str) -> list[str]:
    known = vars(grader.exercise).get(word)
    return list(inspect.signature(known).parameters) if callable(known) else []


def _place(function: Callable) -> str:
    code = getattr(_unwrapped(function), "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else "checks.py"


def _unwrapped(function: Callable) -> Callable:
    while isinstance(function, partial):
        function = function.func
    return function
