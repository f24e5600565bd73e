"""The student's side in a web page: a worker of the browser's that holds one submission and no answer.

JavaScript hands over what the judge sends, and takes what is posted. That it cannot be reached from Python is none of the
promises: what holds is that nothing worth reaching is there, and that no reply is trusted.
"""

import ast
import io
import json
import linecache
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.random  # NumPy loads it when it is first named; once here, before the first question

from grader.sandbox import wire
from grader.sandbox.inside import child, doors
from grader.sandbox.walls.limits import Limits

AT_ONCE = 4096  # characters that are printed before they are posted, or
AT_LEAST = 0.05  # seconds that they lie
CONSOLE, LONGEST = "<console>", 20_000
UNREAD = ("unreadable", "syntax")
# The modules by which Python speaks to JavaScript.
BRIDGE = ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core")


class Printed(io.TextIOBase):
    """What is printed, posted in pieces: as much as a limit allows between two replies; the rest is counted and dropped.

    `flood` is called when far more was printed; it should end the worker.
    """

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, say: Callable[[str], None], flood: Callable[[], None], limits: Limits):
        self.say, self.flood, self.limits = say, flood, limits
        self.parts: list[str] = []
        self.waiting = self.kept = self.all = 0
        self.since = 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.all += len(text)
        if self.all > self.limits.output_flood:
            self.flood()
        if part := text[: max(self.limits.output - self.kept, 0)]:
            self.parts.append(str(part))
            self.kept += len(part)
            self.waiting += len(part)
            if self.waiting > AT_ONCE or time.monotonic() - self.since > AT_LEAST:
                self.flush()
        return len(text)

    def flush(self) -> None:
        if self.parts:
            self.say("".join(self.parts).encode("utf-8", "backslashreplace").decode())
        self.parts, self.waiting, self.since = [], 0, time.monotonic()

    def begin(self) -> None:
        """Post what lies here; what is printed from now on belongs to the next reply."""
        self.flush()
        self.kept = 0


class Page:
    """One submission in this worker. `post` takes a frame, `say` printed text, `flood` that there is far too much of it."""

    def __init__(self, post: Callable[[bytes], None], say: Callable[[str], None], flood: Callable[[], None]):
        self.post = post
        self.submission = child.Submission()
        self.printed = sys.stdout = sys.stderr = Printed(say, flood, Limits())
        sys.stdin = io.StringIO()  # nobody can type an answer
        child.begin_alike()

    def sendall(self, frame: bytes) -> None:
        """Post a reply, and before it what was printed on the way to it."""
        self.printed.begin()
        self.post(frame)

    def take(self, frames: bytes) -> None:
        """Answer the messages in some bytes, one after another."""
        at = 0
        while at < len(frames):
            size = wire.PREFIX.size + sum(wire.lengths(frames[at : at + wire.PREFIX.size]))
            child.answer(self.submission, self, frames[at : at + size])
            at += size

    def try_out(self, request: str) -> str:
        """Run a file, then some code with its names: JSON with the `value` of the code's last expression, or an `error`.

        `request` is JSON: the `file`'s name, its `source`, the packages that it `allows`, and the `code`.
        """
        asked = json.loads(request)
        file, code = asked["file"], asked["code"]
        outline = self.submission.read(file, np.frombuffer(asked["source"].encode(), np.uint8), asked["allows"])
        said = [f"line {each['line']}: {each['message']}" for each in outline["problems"] if each["kind"] in UNREAD]
        ran = self.submission.run(_Nowhere(), [], [])
        sys.modules.setdefault(file.removesuffix(".py"), self.submission.module)  # the code may import from it, too
        said += [f"line {each['line']}: {_in_short(each['error'])}" for each in ran["problems"]]
        reply = {"value": "", "error": ""}
        try:
            reply["value"] = _value_of(code, vars(self.submission.module))
        except BaseException as error:  # SystemExit and KeyboardInterrupt are the student's, too
            reply["error"] = _told(error, (file, CONSOLE))
        reply["error"] = "\n".join([*said, reply["error"]]) if reply["error"] else reply["error"]
        self.printed.begin()
        return json.dumps(reply)


class _Nowhere:
    """Where replies go that nobody waits for."""

    def sendall(self, frame: bytes) -> None:
        pass


def _value_of(code: str, names: dict[str, Any]) -> str:
    """The text of what some code's last expression is worth; empty where it is None, or no expression."""
    linecache.cache[CONSOLE] = (len(code), None, code.splitlines(True), CONSOLE)
    tree = ast.parse(code, CONSOLE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, CONSOLE, "exec"), names)
    if last is None:
        return ""
    value = eval(compile(ast.Expression(last.value), CONSOLE, "eval"), names)
    return "" if value is None else repr(value)[:LONGEST]


def _told(error: BaseException, files: Sequence[str]) -> str:
    """A traceback through the student's own lines."""
    told = traceback.TracebackException.from_exception(error, compact=True)
    told.stack[:] = [frame for frame in told.stack if frame.filename in files]
    told.__cause__ = told.__context__ = None
    return "".join(told.format())[:LONGEST].rstrip()


def _in_short(error: dict[str, Any]) -> str:
    return f"{error['type']}: {error['message']}"


def shut(modules: dict[str, Any]) -> None:
    """Take away what leads from Python to JavaScript by its name; who searches all objects still finds a way."""
    for name in [name for name in modules if name.partition(".")[0] in BRIDGE]:
        del modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] not in BRIDGE]


def begin(post: Callable[[bytes], None], say: Callable[[str], None], flood: Callable[[], None]) -> Page:
    """Make this interpreter a student's: nothing of theirs has run yet."""
    doors.learn()
    shut(sys.modules)
    return Page(post, say, flood)
