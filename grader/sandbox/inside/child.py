"""The worker process: reads one submission, runs it, answers questions about it. It holds no expected answer, no seed.

Messages are answered one after another, in the order in which they come:

    read  {"file", "source", "allows", "forbids", "helpers"}  -> the outline; nothing of the student's has run yet
    run   {"skip": [statement numbers]}            -> {"at": n} before each statement, then {"problems", "names"}
    call  {"pieces": names, "inputs", "forbids", "device", "way": how it is asked}
          -> {"step", "total", "loss"} while something trains, then {"value", "changed"} or {"error"}
"""

import inspect
import linecache
import math
import random
import socket
import sys
import time
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from grader.sandbox import wire
from grader.sandbox.frameworks import homes
from grader.sandbox.inside.call import called, describe_error
from grader.sandbox.inside.doors import Doors, hang
from grader.sandbox.inside.imports import Gate
from grader.sandbox.inside.reading import Reading, read
from grader.sandbox.inside.way import Way

AT_ONCE = 1 << 16  # bytes to read at once
SHOW_WARNING = warnings.showwarning  # Python's own, also where a second file is read
BETWEEN_REPORTS = 0.02  # seconds between two progress messages of a training run


class Submission:
    """One submission in this process, through its three stages."""

    def __init__(self) -> None:
        self.module = ModuleType("submission")
        self.reading = Reading()
        self.file = ""
        self.doors: Doors | None = None
        self.homes: frozenset[str] = frozenset()  # the packages whose arrays are answers, besides NumPy

    def read(
        self,
        file: str,
        source: Any,
        allows: list[str],
        forbids: dict[str, list[str]] | None = None,
        helpers: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        self.file, self.module.__file__, source = file, file, source.tobytes()
        sys.modules["submission"] = self.module
        beside = {name: content.tobytes() for name, content in (helpers or {}).items()}
        self.reading = read(source, file, (*allows, *beside), forbids, beside)
        linecache.cache[file] = (len(source), None, source.decode("utf-8", "replace").splitlines(True), file)
        warn_where_it_is_written(file)
        sys.meta_path.insert(0, Gate(allows, beside))
        self.homes = homes(allows)
        if forbidden := sorted({name for names in (forbids or {}).values() for name in names}):
            self.doors = hang(forbidden)  # before the student's code can get hold of an unwrapped function
        for name in [name for name in sys.modules if name.partition(".")[0] == "grader"]:
            del sys.modules[name]
        return self.reading.outline()

    def run(self, channel: socket.socket, skip: list[int], wanted: list[str]) -> dict[str, Any]:
        problems = []
        for number, (line, names, code) in enumerate(self.reading.statements):
            if number in skip:
                continue
            send(channel, {"at": number, "line": line})
            try:
                exec(code, self.module.__dict__)
            except BaseException as error:  # after sys.exit() at the top of a file, the definitions below still count
                problems.append({"line": line, "names": names, "error": describe_error(error, self.file)})
        return {"problems": problems, "names": {name: kind_of(vars(self.module).get(name)) for name in wanted}}

    def call(
        self,
        channel: socket.socket,
        pieces: Sequence[str],
        inputs: dict[str, Any],
        way: dict[str, Any],
        forbids: Sequence[str] = (),
        device: str = "cpu",
    ) -> bytes:
        last = -math.inf

        def report(step: int, total: int, loss: float) -> None:
            nonlocal last
            if time.monotonic() - last > BETWEEN_REPORTS or 0 < total <= step or not math.isfinite(loss):
                last = time.monotonic()
                send(channel, {"step": step, "total": total, "loss": loss})

        own = [getattr(self.module, name) for name in pieces]
        return called(own, inputs, Way(**way), self.file, forbids, device, report, self.doors, self.homes)


def warn_where_it_is_written(file: str) -> None:
    """Have warnings name the line of a file that led to them, not the line of NumPy, or of a door before it, that noticed."""

    def show(message: Any, category: type, filename: str, lineno: int, to: Any = None, line: str | None = None) -> None:
        frame = sys._getframe()
        while frame and frame.f_code.co_filename != file:
            frame = frame.f_back
        if frame:
            filename, lineno = file, frame.f_lineno
        SHOW_WARNING(message, category, filename, lineno, to, line)

    warnings.showwarning = show


def kind_of(value: Any) -> str:
    """What a name in the submission is bound to: "function", "coroutine", a type's name, or "" if it is unbound."""
    if value is None:
        return ""
    if inspect.iscoroutinefunction(value):
        return "coroutine"
    return "function" if callable(value) else type(value).__name__[:80]


def serve(channel: socket.socket) -> None:
    """Answer messages until the other side closes the connection."""
    submission = Submission()
    begin_alike()
    incoming = Incoming(channel)
    while frame := incoming.next():
        answer(submission, channel, frame)


def begin_alike() -> None:
    """Make random results repeat, so that a grade can be reproduced."""
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def answer(submission: Submission, channel: socket.socket, frame: bytes) -> None:
    """Answer one message, which is a whole frame."""
    message = wire.decode(frame)
    match message.pop("op"):
        case "read":
            reply = submission.read(**message)
        case "run":
            reply = submission.run(channel, **message)
        case _:
            return channel.sendall(submission.call(channel, **message))
    send(channel, reply)


def send(channel: socket.socket, tree: Any) -> None:
    channel.sendall(wire.encode(tree, opaque=True))


class Incoming:
    """Messages from the grader's side, which is trusted; several may come with one call of the system."""

    def __init__(self, channel: socket.socket):
        self.channel = channel
        self.came = bytearray()

    def next(self) -> bytes:
        """One whole frame; empty when the connection is closed."""
        if not self._has(wire.PREFIX.size):
            return b""
        size = wire.PREFIX.size + sum(wire.lengths(bytes(self.came[: wire.PREFIX.size])))
        if not self._has(size):
            return b""
        frame = bytes(memoryview(self.came)[:size])
        del self.came[:size]
        return frame

    def _has(self, size: int) -> bool:
        while len(self.came) < size:
            part = self.channel.recv(AT_ONCE)
            if not part:
                return False
            self.came += part
        return True
