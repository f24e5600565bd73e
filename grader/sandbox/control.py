"""The connection to a fork server: requests go out, replies come back in their order, and who need not wait does not.

A request is one line of JSON, and so is its reply. A worker can be asked for before it is needed: its process number comes
with a reply that is read when a later one is waited for.
"""

import json
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grader.errors import OurFault
from grader.sandbox.walls.limits import Limits

GONE = "the sandbox did not start, or has ended; run `grade` once more, and report it if it happens again"
REPLY_SECONDS = 10  # to wait until the fork server has forked or ended a worker, which takes milliseconds
Note = Callable[[dict[str, Any]], None]


class SandboxError(OurFault):
    """The sandbox itself does not work: the grader's fault or the machine's, never the student's."""


@dataclass
class Coming:
    """A worker that was asked for: our ends of its channel and of what it prints, its limits, and, once the fork server has
    said so, its process number."""

    channel: socket.socket
    output: int
    limits: Limits
    pid: int = 0

    def forget(self) -> None:
        """Close our ends; the worker then ends by itself, or with its fork server."""
        self.channel.close()
        os.close(self.output)


class Control:
    """Our end of the socket to a fork server; `theirs` is the other end, which the one who starts the server closes here."""

    def __init__(self) -> None:
        self._socket, self.theirs = socket.socketpair()
        self._due: deque[Note | None] = deque([None])  # first it says, unasked, whether it is ready
        self._came = b""

    def fork(self, limits: Limits) -> Coming:
        """Ask for a worker, and do not wait for it."""
        ours, theirs = socket.socketpair()
        output, print_here = os.pipe()
        coming = Coming(ours, output, limits)

        def note(reply: dict[str, Any]) -> None:
            coming.pid = reply["pid"]

        try:
            self._send({"fork": limits.to_dict()}, note, [theirs.fileno(), print_here])
        except SandboxError:
            coming.forget()
            raise
        finally:
            theirs.close()
            os.close(print_here)
        return coming

    def reap(self, pid: int) -> dict[str, Any]:
        """End a worker, and wait for its wait status and whether the kernel killed it for its memory (`was_short`)."""
        self._send({"reap": pid})
        while len(self._due) > 1:
            self.reply()
        return self.reply()

    def reply(self, seconds: float | None = None) -> dict[str, Any]:
        """The reply that comes next; SandboxError if the fork server has gone or does not reply in time."""
        while b"\n" not in self._came:
            try:
                self._socket.settimeout(seconds or REPLY_SECONDS)
                part = self._socket.recv(1 << 16)
            except OSError:
                part = b""
            if not part:
                raise SandboxError(GONE)
            self._came += part
        line, _, self._came = self._came.partition(b"\n")
        reply, note = json.loads(line), self._due.popleft()
        if note:
            note(reply)
        return reply

    @property
    def is_closed(self) -> bool:
        return self._socket.fileno() < 0

    def close(self) -> None:
        """Hang up; the fork server then ends all its workers, and itself."""
        self._socket.close()

    def _send(self, message: dict[str, Any], note: Note | None = None, fds: Sequence[int] = ()) -> None:
        try:
            self._socket.settimeout(REPLY_SECONDS)
            socket.send_fds(self._socket, [json.dumps(message).encode() + b"\n"], fds)
        except OSError:
            raise SandboxError(GONE) from None
        self._due.append(note)
