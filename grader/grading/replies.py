"""Sentences for all that is not about values: what a worker's replies and its end mean to the student.

A reply comes from the process in which the student's code runs, so its form is checked before its content is used.
"""

import difflib
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from grader.grading.judge import Answer
from grader.grading.training import STALLED
from grader.judging.forms import on
from grader.judging.traces import Raised
from grader.key import Question
from grader.report import Finding, Status, Step
from grader.sandbox.worker import WorkerEnded
from grader.submission import Listing
from grader.text import one_line


class BadReply(Exception):
    """A reply that has not the form which the worker's own code gives it: the student's code has meddled."""


PARAMETERS = (
    "Give the module's parameters the names and shapes in the handout's table: the grader loads weights by name."
)
NO_MEMORY = "DefaultCPUAllocator: can't allocate memory"  # PyTorch has no exception of its own for it on the CPU
MOST_STEPS = 10**9  # a number above it is no count of anything, and may be too large to be shown or divided
ENDS = {
    "timeout": (Status.TIMEOUT, "timeout", "Is there a loop that never ends, or one that could be an array operation?"),
    "memory": (
        Status.MEMORY,
        "memory",
        "Check the shapes of the arrays that you create: is one of them far larger than it needs to be?",
    ),
    "output": (Status.CRASH, "output", "Take the prints out of your loops."),
    "disk": (Status.CRASH, "output", "Return your answer, and write nothing to files."),
    "crash": (Status.CRASH, "crash", "The other exercises are graded in a fresh process."),
}


def of_end(ended: WorkerEnded, where: str) -> tuple[Status, Finding]:
    """How a worker's end reads in the report."""
    status, kind, hint = ENDS[ended.how]
    return status, Finding(kind, f"{one_line(ended.detail)} ({where})", hint)


def checks_form(check: Callable) -> Callable:
    """Turn whatever a malformed reply makes of the code that takes it apart into BadReply."""

    @functools.wraps(check)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return check(*args, **kwargs)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise BadReply(f"the worker's answer could not be read ({type(error).__name__})") from error

    return checked


@checks_form
def checked_outline(reply: Any) -> dict[str, Any]:
    """The reply to `read`, its form checked. It was made before any of the student's code ran."""
    problems = [_problem(item) for item in reply["problems"]]
    definitions = {str(name): int(line) for name, line in reply["definitions"].items()}
    cells = [(int(first), int(number)) for first, number in reply["cells"]]
    return {
        "problems": problems,
        "definitions": definitions,
        "lines": [str(line) for line in reply["lines"]],
        "cells": cells,
    }


@checks_form
def checked_run(reply: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The reply to `run`, its form checked: what failed at the top of the file, and what became of the names."""
    problems = [
        {"line": int(item["line"]), "names": [str(name) for name in item["names"]], "error": _error(item["error"])}
        for item in reply["problems"][:50]
    ]
    return problems, {str(name): str(kind) for name, kind in reply["names"].items()}


def before_asking(
    name: str,
    outline: dict[str, Any],
    problems: Sequence[dict[str, Any]],
    names: dict[str, str],
    endings: Sequence[tuple[int, WorkerEnded]],
    listing: Listing,
) -> tuple[Status, Finding] | None:
    """Why an exercise cannot be asked at all; None if it can."""
    for problem in outline["problems"]:
        if problem["kind"] == "unreadable":
            return Status.UNREADABLE, Finding("exception", problem["message"])
        if problem["kind"] == "syntax" and name in problem["names"]:
            line = problem["line"]
            message = f"{problem['message']} {listing.place(line)}"
            return Status.UNREADABLE, Finding("exception", message, line=listing.file_line(line))
        if problem["kind"] == "operation" and name in problem["names"]:
            return Status.FORBIDDEN, _of_operation(problem["message"], problem["line"], listing)
    kind = names.get(name, "")
    if kind == "function":
        return None
    if kind == "coroutine":
        return Status.ERROR, Finding("type", f"{name} is async; write a plain `def {name}(...)`")
    if kind:
        return Status.ERROR, Finding("type", f"{name} is a {one_line(kind, 80)}, not a function")
    for problem in problems:
        if name in problem["names"]:
            return _of_error(problem["error"], problems, outline, listing, "while your file was loaded")
    for line, ended in endings:
        if line == outline["definitions"].get(name):
            return of_end(ended, f"while line {line} ran")
    return Status.MISSING, Finding("missing", f"your file does not define {name}{_nearest(name, outline)}")


@checks_form
def progress(reply: Any) -> tuple[int, int] | None:
    """(statement, line) of a note that a statement is about to run; None for the last reply to `run`."""
    return (int(reply["at"]), int(reply["line"])) if isinstance(reply, dict) and "at" in reply else None


@checks_form
def step(reply: Any) -> Step | None:
    """What a training run says of itself on its way; None for the last reply to `call`."""
    if not isinstance(reply, dict) or "step" not in reply:
        return None
    number, total, loss = reply["step"], reply["total"], reply["loss"]
    if not all(type(count) is int and 0 <= count <= MOST_STEPS for count in (number, total)) or type(loss) is not float:
        raise ValueError
    return Step(number, total, loss)


@checks_form
def lacks_device(reply: Any) -> bool:
    """Whether a call failed because its device had no memory left, or is gone."""
    return (
        isinstance(reply, dict)
        and "error" in reply
        and str(reply["error"]["type"]) in ("OutOfMemoryError", "AcceleratorError")
    )


@checks_form
def answer(
    reply: Any, question: Question, problems: Sequence[dict], outline: dict, listing: Listing, printed: str
) -> Answer:
    """A reply to `call` as an Answer."""
    if "error" in reply:
        error = _error(reply["error"])
        status, finding = _of_error(error, problems, outline, listing, on(question))
        is_theirs = status is Status.ERROR and bool(error["frames"]) and error["type"] != "SystemExit"
        value = Raised(tuple(error["bases"])) if is_theirs else None
        return Answer(value, finding=finding, status=status, printed=printed)
    changed = [str(name) for name in reply["changed"] if name in question.inputs]
    return Answer(reply["value"], changed=changed, printed=printed)


def _of_error(
    error: dict[str, Any], problems: Sequence[dict], outline: dict, listing: Listing, where: str
) -> tuple[Status, Finding]:
    status, finding = _told_error(error, problems, outline, listing, where)
    return status, replace(finding, line=listing.file_line(error["frames"][-1][0]) if error["frames"] else 0)


def _told_error(
    error: dict[str, Any], problems: Sequence[dict], outline: dict, listing: Listing, where: str
) -> tuple[Status, Finding]:
    kind, text = one_line(error["type"], 80), one_line(error["message"])
    message = f"{kind}: {text}" if text else kind
    lines = [line for line, _ in error["frames"]]
    at = f" {listing.place(lines[-1])}" if lines else ""
    if kind == "NotImplementedError":
        return Status.MISSING, Finding("missing", f"not written yet{at}")
    if "MemoryError" in error["bases"] or (kind == "RuntimeError" and NO_MEMORY in text):
        return Status.MEMORY, Finding("memory", f"{message}{at} ({where})", ENDS["memory"][2])
    if kind == "ForbiddenOperation":
        return Status.FORBIDDEN, _of_operation(text, lines[-1] if lines else 0, listing)
    if forbidden := _forbidden(error, problems, outline):
        return Status.FORBIDDEN, Finding("forbidden", forbidden, "Write it with NumPy and the standard library.")
    if kind == "SystemExit":
        return Status.ERROR, Finding(
            "exception", f"your code calls sys.exit(){at} ({where})", "Return the answer instead."
        )
    if kind == "WrongParameters":
        return Status.FAILED, Finding("exception", f"{text} ({where})", PARAMETERS)
    if kind == "Diverged":
        return Status.FAILED, Finding("nonfinite", f"{text} ({where})")
    if kind == "Stalled":
        return Status.FAILED, Finding("value", f"{text} ({where})", STALLED)
    if error["in_driver"]:
        unusable = f"what your code returns cannot be used as the exercise asks: {message} ({where})"
        return Status.ERROR, Finding("exception", unusable, "Return what the stub's docstring says, in its order.")
    if kind == "TypeError" and not lines:
        return Status.ERROR, Finding(
            "exception",
            f"your code cannot be called with the stub's arguments: {text} ({where})",
            "Keep the stub's signature.",
        )
    return Status.ERROR, Finding("exception", f"{message}{at} ({where})", _advice(kind, text))


def _of_operation(operation: str, line: int, listing: Listing) -> Finding:
    place = listing.place(line).partition(": `")[0].removeprefix("at ").removeprefix("in ") if line else "your code"
    message = f"{place} uses {one_line(operation, 80)}, which this exercise forbids"
    hint = "Write this operation yourself: that is what the exercise is about."
    return Finding("forbidden", message, hint, line=listing.file_line(line))


def _forbidden(error: dict[str, Any], problems: Sequence[dict], outline: dict) -> str:
    """A sentence if an error is an import that the unit does not allow, or a name that such an import would have bound."""
    if error["type"] == "ForbiddenImport":
        return f"{one_line(error['message'])}"
    if error["type"] != "NameError":
        return ""
    for problem in outline["problems"]:
        for name in problem["names"]:
            if problem["kind"] == "forbidden" and f"'{name}'" in error["message"]:
                return f"line {problem['line']} imports {one_line(problem['message'], 80)}, which this exercise does not allow"
    return ""


def _advice(kind: str, text: str) -> str:
    if "could not be broadcast" in text or "mismatch in its core dimension" in text or "not aligned" in text:
        return "Print the shapes on that line: which axes should line up?"
    if kind == "EOFError":
        return "Nobody can type an answer while your code is graded: take out input()."
    if kind == "PermissionError":
        return "While it is graded, your code has no network, starts no processes, and sees only Python's own files and its own folder."
    if kind == "RecursionError":
        return "What ends the recursion?"
    return ""


def _nearest(name: str, outline: dict[str, Any]) -> str:
    near = difflib.get_close_matches(name, outline["definitions"], 1, 0.8)
    if not near:
        return ""
    line = outline["definitions"][near[0]]
    if not near[0].isascii():
        odd = next(char for char in near[0] if not char.isascii())
        return f"; line {line} defines a name that looks the same, but has the character U+{ord(odd):04X}"
    return f"; line {line} defines {near[0]}: did you mean that one?"


def _problem(item: Any) -> dict[str, Any]:
    names = [str(name) for name in item["names"]]
    return {"kind": str(item["kind"]), "line": int(item["line"]), "message": one_line(item["message"]), "names": names}


def _error(item: Any) -> dict[str, Any]:
    frames = [(int(line), str(function)) for line, function in item["frames"][:8]]
    bases = [str(base) for base in item["bases"]]
    return {
        "type": str(item["type"]),
        "bases": [*bases, str(item["type"])],
        "message": str(item["message"]),
        "frames": frames,
        "in_driver": bool(item["in_driver"]),
    }
