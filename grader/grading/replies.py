"""Turn a worker's replies, errors and exit status into the sentences that a student reads.

A reply comes from the process that runs the student's code, so its form is checked before its content is used.
"""

import difflib
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.diagnosis.lexicon import advice
from grader.grading.file_facts import FileFacts, Outline
from grader.grading.judge import Answer
from grader.grading.training import STALLED
from grader.judging.forms import in_case
from grader.judging.traces import Raised
from grader.key import Question
from grader.report import Finding, Status, Step
from grader.sandbox.worker import WorkerEnded
from grader.submission import Listing
from grader.text import one_line


class BadReply(Exception):
    """A reply that does not have the form that the worker's own code gives it: the student's code has interfered."""


PARAMETERS = (
    "Give the module's parameters the names and shapes in the handout's table: the grader loads weights by name."
)
SLIP = 2  # letters in which a misspelt name differs
TOO_BIG = ("array is too big", "Maximum allowed dimension exceeded")  # than the machine can count: sooner in 32 bits
NO_MEMORY = "DefaultCPUAllocator: can't allocate memory"  # on the CPU, PyTorch has no exception class for it
MOST_STEPS = 10**9  # a larger number counts nothing real, and may be too large to print or divide
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
    """The status and the finding for a worker that ended; `where` names the case or the line."""
    status, kind, hint = ENDS[ended.how]
    return status, Finding(kind, f"{one_line(ended.detail)} ({where})", hint)


def checks_form(check: Callable) -> Callable:
    """Decorate a function that unpacks a reply: exceptions that a malformed reply causes become BadReply."""

    @functools.wraps(check)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return check(*args, **kwargs)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise BadReply(f"the worker's answer could not be read ({type(error).__name__})") from error

    return checked


@checks_form
def checked_outline(reply: Any) -> Outline:
    """The reply to `read` after checking its form. The worker sends it before any of the student's code runs."""
    problems = [_problem(item) for item in reply["problems"]]
    definitions = {str(name): int(line) for name, line in reply["definitions"].items()}
    cells = [(int(first), int(number)) for first, number in reply["cells"]]
    return Outline(problems, definitions, [str(line) for line in reply["lines"]], cells)


@checks_form
def checked_run(reply: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The reply to `run` after checking its form: (errors at the top level of the file, the kind of each name)."""
    problems = [
        {"line": int(item["line"]), "names": [str(name) for name in item["names"]], "error": _error(item["error"])}
        for item in reply["problems"][:50]
    ]
    return problems, {str(name): str(kind) for name, kind in reply["names"].items()}


def before_asking(name: str, facts: FileFacts) -> tuple[Status, Finding] | None:
    """Why a function or class of the file cannot be asked at all; None if it can."""
    listing = facts.listing
    for problem in facts.outline.problems:
        if problem["kind"] == "unreadable":
            return Status.UNREADABLE, Finding("exception", problem["message"])
        if problem["kind"] == "syntax" and name in problem["names"]:
            line = problem["line"]
            message = f"{problem['message']} {listing.place(line)}"
            return Status.UNREADABLE, Finding("exception", message, line=listing.file_line(line))
        if problem["kind"] == "operation" and name in problem["names"]:
            return Status.FORBIDDEN, _of_operation(problem["message"], problem["line"], listing)
    kind = facts.names.get(name, "")
    if kind == "function":
        return None
    if kind == "coroutine":
        return Status.ERROR, Finding("type", f"{name} is async; write a plain `def {name}(...)`")
    if kind:
        return Status.ERROR, Finding("type", f"{name} is a {one_line(kind, 80)}, not a function")
    for problem in facts.problems:
        if name in problem["names"]:
            return _of_error(problem["error"], facts, "while your file was loaded")
    for line, ended in facts.endings:
        if line == facts.outline.definitions.get(name):
            return of_end(ended, f"while line {line} ran")
    return Status.MISSING, Finding("missing", f"your file does not define {name}{_nearest(name, facts)}")


def _is_slip(name: str, other: str) -> bool:
    """Whether two names differ by a letter or two, or only in how their words are joined; `linear` is no slip of `hard`."""
    one, two = (text.casefold().replace("_", "") for text in (name, other))
    changes = difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in changes if kind != "equal") <= SLIP


@checks_form
def progress(reply: Any) -> tuple[int, int] | None:
    """(statement number, line) if the reply announces the next statement; None if it is the final reply to `run`."""
    return (int(reply["at"]), int(reply["line"])) if isinstance(reply, dict) and "at" in reply else None


def is_on_the_way(reply: Any) -> bool:
    """Whether a reply is no answer yet, but the `progress` of a file's statements or a `step` of a training run."""
    return isinstance(reply, dict) and ("at" in reply or "step" in reply)


@checks_form
def step(reply: Any) -> Step | None:
    """The progress that a training run reports; None for the final reply to `call`."""
    if not isinstance(reply, dict) or "step" not in reply:
        return None
    number, total, loss = reply["step"], reply["total"], reply["loss"]
    if not all(type(count) is int and 0 <= count <= MOST_STEPS for count in (number, total)) or type(loss) is not float:
        raise ValueError
    return Step(number, total, loss)


@checks_form
def lacks_device(reply: Any) -> bool:
    """Whether a call failed because its device ran out of memory or has gone."""
    return (
        isinstance(reply, dict)
        and "error" in reply
        and str(reply["error"]["type"]) in ("OutOfMemoryError", "AcceleratorError")
    )


@checks_form
def answer(reply: Any, question: Question, facts: FileFacts, printed: str) -> Answer:
    """A reply to `call` as an Answer; `printed` is what the student's code has printed meanwhile."""
    if "error" in reply:
        error = _error(reply["error"])
        status, finding = _of_error(error, facts, in_case(question))
        is_theirs = status is Status.ERROR and bool(error["frames"]) and error["type"] != "SystemExit"
        value = Raised(tuple(error["bases"])) if is_theirs else None
        return Answer(value, finding=finding, status=status, printed=printed)
    changed = [str(name) for name in reply["changed"] if name in question.inputs]
    return Answer(reply["value"], changed=changed, printed=printed)


def _of_error(error: dict[str, Any], facts: FileFacts, where: str) -> tuple[Status, Finding]:
    status, finding = _told_error(error, facts, where)
    return status, replace(finding, line=facts.listing.file_line(error["frames"][-1][0]) if error["frames"] else 0)


def _told_error(error: dict[str, Any], facts: FileFacts, where: str) -> tuple[Status, Finding]:
    kind, text = one_line(error["type"], 80), one_line(error["message"])
    message = f"{kind}: {text}" if text else kind
    lines = [line for line, _ in error["frames"]]
    at = f" {facts.listing.place(lines[-1])}" if lines else ""
    if kind == "NotImplementedError":
        return Status.MISSING, Finding("missing", f"not written yet{at}")
    is_too_big = kind == "ValueError" and text.startswith(TOO_BIG)
    if "MemoryError" in error["bases"] or is_too_big or (kind == "RuntimeError" and NO_MEMORY in text):
        return Status.MEMORY, Finding("memory", f"{message}{at} ({where})", ENDS["memory"][2])
    if kind == "ForbiddenOperation":
        return Status.FORBIDDEN, _of_operation(text, lines[-1] if lines else 0, facts.listing)
    if forbidden := _forbidden(error, facts.outline):
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
    if error["is_said"]:
        return Status.ERROR, Finding("exception", f"{text} ({where})")
    if error["in_driver"]:
        unusable = f"what your code returns cannot be used as the exercise asks: {message} ({where})"
        hint = advice(text, is_own=False) or "Return what the stub's docstring says, in its order."
        return Status.ERROR, Finding("exception", unusable, hint)
    if kind == "TypeError" and not lines:
        return Status.ERROR, Finding(
            "exception",
            f"your code cannot be called with the stub's arguments: {text} ({where})",
            "Keep the stub's signature.",
        )
    return Status.ERROR, Finding("exception", f"{message}{at} ({where})", _advice(kind, text, at))


def _of_operation(operation: str, line: int, listing: Listing) -> Finding:
    place = listing.place(line).partition(": `")[0].removeprefix("at ").removeprefix("in ") if line else "your code"
    message = f"{place} uses {one_line(operation, 80)}, which this exercise forbids"
    hint = "Write this operation yourself: that is what the exercise is about."
    return Finding("forbidden", message, hint, line=listing.file_line(line))


def _forbidden(error: dict[str, Any], outline: Outline) -> str:
    """A sentence if an error comes from an import that the unit does not allow, or from a name such an import binds."""
    if error["type"] == "ForbiddenImport":
        return f"{one_line(error['message'])}"
    if error["type"] != "NameError":
        return ""
    for problem in outline.problems:
        for name in problem["names"]:
            if problem["kind"] == "forbidden" and f"'{name}'" in error["message"]:
                return f"line {problem['line']} imports {one_line(problem['message'], 80)}, which this exercise does not allow"
    return ""


def _advice(kind: str, text: str, line: str) -> str:
    if kind == "EOFError":
        return "Nobody can type an answer while your code is graded: take out input()."
    if kind == "PermissionError":
        return "While it is graded, your code has no network, starts no processes, and sees only Python's own files and its own folder."
    if kind == "RecursionError":
        return "What ends the recursion?"
    return advice(text, line)


def _nearest(name: str, facts: FileFacts) -> str:
    """Where the file defines the name misspelt; empty if nowhere. What is asked for under its own name is no misspelt other."""
    slips = [other for other in facts.outline.definitions if other not in facts.names and _is_slip(name, other)]
    near = difflib.get_close_matches(name, slips, 1, 0.0)
    if not near:
        return ""
    line = facts.outline.definitions[near[0]]
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
        "is_said": bool(item["is_said"]),
    }
