"""One worker process as the grader sees it: messages go out, answers come back in their order. No reply is trusted.

Messages may be sent ahead of the answers to earlier ones. What the channel does not take at once is kept and sent while an
answer is waited for, so that neither side ever waits for the other to read.
"""

import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from grader.sandbox import wire
from grader.sandbox.output import Pipe, Pumped
from grader.sandbox.walls.limits import Limits
from grader.sandbox.walls.meter import Meter

AT_ONCE = 1 << 16  # bytes that are read where less is needed: several short answers
BETWEEN_LOOKS = 0.05  # seconds between polls of what `select` does not cover: output on some systems, files on others


class WorkerEnded(Exception):
    """The worker has ended. `how` is timeout, memory, output, disk or crash; `detail` is a clause for the student."""

    def __init__(self, how: str, detail: str):
        super().__init__(f"{how}: {detail}")
        self.how, self.detail = how, detail


class Worker:
    """One worker process and the submission in it.

    `reap` ends the process and returns its wait status and whether the kernel killed it for its memory. `meter`
    measures what it writes, where that must be measured from outside.
    """

    def __init__(
        self,
        pid: int,
        channel: socket.socket,
        output: Pipe | Pumped,
        limits: Limits,
        reap: Callable[[int], dict[str, Any]],
        meter: Meter | None = None,
    ):
        self.pid, self.limits, self.reap, self.meter = pid, limits, reap, meter
        self.channel = channel
        self.output: Pipe | Pumped | None = output
        self.channel.setblocking(False)
        self._unsent = memoryview(b"")
        self._came = bytearray()
        self._printed = bytearray()
        self._flood = 0
        self._next_look = 0.0
        self.is_alive = True
        self.last_words = ""

    def ask(self, message: dict[str, Any], seconds: float, max_header: int = wire.MAX_ANSWER_HEADER) -> Any:
        """Send one message and wait for its answer; WorkerEnded if there is none, for any reason."""
        self.send(message)
        return self.receive(seconds, max_header)

    def send(self, *messages: dict[str, Any]) -> None:
        """Send messages, which are answered one after another."""
        self.send_frames(b"".join(map(wire.encode, messages)))

    def send_frames(self, frames: bytes) -> None:
        """Send messages that are encoded already; what the worker is not ready for goes out while an answer is waited for."""
        self._unsent = memoryview(b"".join((self._unsent, frames)))
        self._send_on()

    def receive(self, seconds: float, max_header: int = wire.MAX_ANSWER_HEADER) -> Any:
        """The value in the next frame, decoded and validated; the worker's printed output is read meanwhile."""
        deadline = time.monotonic() + seconds
        while len(self._came) < (size := self._size_of_frame(max_header)):
            self._wait(deadline, seconds)
            self._came += self._read_channel(max(size - len(self._came), AT_ONCE)) or b""
        self._look_at_files()
        frame = bytes(memoryview(self._came)[:size])
        del self._came[:size]
        try:
            return wire.decode(frame)
        except wire.WireError as error:
            self._end("crash", f"it wrote bytes that are no answer ({error})")

    def _size_of_frame(self, max_header: int) -> int:
        """How many bytes the next frame has; while they have not come, those of the prefix that says so."""
        if len(self._came) < wire.PREFIX.size:
            return wire.PREFIX.size
        try:
            sizes = wire.lengths(bytes(self._came[: wire.PREFIX.size]))
        except wire.WireError as error:
            self._end("crash", f"it wrote bytes that are no answer ({error})")
        if sum(sizes) > self.limits.answer or sizes[0] > max_header:
            self._end("memory", f"its answer has {sum(sizes):,} bytes")
        return wire.PREFIX.size + sum(sizes)

    def _send_on(self) -> None:
        """Send what the channel takes now."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self.channel.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._end("crash", "")

    def printed(self) -> str:
        """What the student's code has printed since the last call, cut at the limit."""
        self._drain()
        text = self._printed.decode("utf-8", "replace")
        self._printed.clear()
        return text

    def is_idle(self) -> bool:
        """Whether it lives and has said nothing that was not read: of one that has ended, the channel has ended, too."""
        try:
            self.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        """End the worker and everything it started."""
        if self.is_alive:
            self._kill()

    def _wait(self, deadline: float, seconds: float) -> None:
        has_news = False
        while not has_news:
            left = deadline - time.monotonic()
            if left <= 0:
                self._end("timeout", f"no answer after {seconds:g} s")
            has_news = self._has_news(min(left, BETWEEN_LOOKS) if self.meter else left)
            self._send_on()
            self._look_at_files()
        self._drain()
        if self._flood > self.limits.output_flood:
            self._end("output", f"it printed more than {self.limits.output_flood >> 20} MB")

    def _look_at_files(self) -> None:
        if self.meter and (now := time.monotonic()) > self._next_look:
            self._next_look = now + BETWEEN_LOOKS
            if excess := self.meter.excess():
                self._end("disk", excess)

    def _has_news(self, seconds: float) -> bool:
        """Wait up to `seconds`; whether there may be something to read, to send or to poll."""
        unsent = [self.channel] if self._unsent else []
        if not hasattr(select, "poll") or (self.output and self.output.descriptor < 0):
            look = min(seconds, BETWEEN_LOOKS)
            return any(select.select([self.channel], unsent, [], look)) or look < seconds
        poll = select.poll()
        poll.register(self.channel, select.POLLIN | (select.POLLOUT if unsent else 0))
        if self.output:
            poll.register(self.output.descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _read_channel(self, size: int) -> bytes | None:
        try:
            part = self.channel.recv(min(size, 1 << 20))
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        if not part:
            self._end("crash", "")
        return part

    def _drain(self) -> None:
        while self.output:
            part = self.output.read()
            if part is None:
                return
            if not part:
                self.output.close()
                self.output = None
                return
            self._flood += len(part)
            room = self.limits.output - len(self._printed)
            self._printed += part[: max(room, 0)]
            if self._flood > self.limits.output_flood:
                return

    def _end(self, how: str, detail: str) -> None:
        """Kill the worker and raise WorkerEnded; if `detail` is empty, the exit status provides the reason."""
        status, was_short = self._kill()
        if how == "crash" and not detail:
            how, detail = ("memory", "it took more memory than it may") if was_short else _how_it_ended(status)
        raise WorkerEnded(how, detail)

    def _kill(self) -> tuple[int, bool]:
        self._drain()
        self.last_words = self._printed.decode("utf-8", "replace")
        self.is_alive = False
        self.channel.close()
        ended = self.reap(self.pid)
        if self.output:
            self.output.close()
            self.output = None
        return ended["status"], ended["was_short"]


def _how_it_ended(status: int) -> tuple[str, str]:
    if number := status & 0x7F:  # os.WTERMSIG, which not every system has
        if number == getattr(signal, "SIGXCPU", None):
            return "timeout", "its CPU time ran out"
        if number == getattr(signal, "SIGKILL", None):
            return "crash", "the process was killed, or closed its channel"
        return "crash", f"the process was ended by {signal.Signals(number).name} ({signal.strsignal(number)})"
    return "crash", f"it ended the process with exit status {status >> 8}"
