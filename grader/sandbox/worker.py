"""One worker process as the grader sees it: send a message, wait for the answer, end it. No reply is trusted."""

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
        self._printed = bytearray()
        self._flood = 0
        self._next_look = 0.0
        self.is_alive = True
        self.last_words = ""

    def ask(self, message: dict[str, Any], seconds: float, max_header: int = wire.MAX_ANSWER_HEADER) -> Any:
        """Send one message and wait for its answer; WorkerEnded if there is none, for any reason."""
        self.send(message, seconds)
        return self.receive(seconds, max_header)

    def send(self, message: dict[str, Any], seconds: float) -> None:
        self.channel.settimeout(seconds)
        try:
            self.channel.sendall(wire.encode(message))
            self.channel.setblocking(False)
        except TimeoutError:
            self._end("timeout", f"no answer after {seconds:g} s")
        except OSError:
            self._end("crash", "")

    def receive(self, seconds: float, max_header: int = wire.MAX_ANSWER_HEADER) -> Any:
        """The value in the next frame, decoded and validated; the worker's printed output is read meanwhile."""
        deadline = time.monotonic() + seconds
        frame, needed = bytearray(), wire.PREFIX.size
        while len(frame) < needed:
            self._wait(deadline, seconds)
            part = self._read_channel(needed - len(frame))
            if part is None:
                continue
            frame += part
            if len(frame) == wire.PREFIX.size == needed:
                try:
                    sizes = wire.lengths(bytes(frame))
                except wire.WireError as error:
                    self._end("crash", f"it wrote bytes that are no answer ({error})")
                if sum(sizes) > self.limits.answer or sizes[0] > max_header:
                    self._end("memory", f"its answer has {sum(sizes):,} bytes")
                needed += sum(sizes)
        try:
            return wire.decode(frame)
        except wire.WireError as error:
            self._end("crash", f"it wrote bytes that are no answer ({error})")

    def printed(self) -> str:
        """What the student's code has printed since the last call, cut at the limit."""
        self._drain()
        text = self._printed.decode("utf-8", "replace")
        self._printed.clear()
        return text

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
        """Wait up to `seconds`; whether there may be something to read or to poll."""
        if not hasattr(select, "poll") or (self.output and self.output.descriptor < 0):
            look = min(seconds, BETWEEN_LOOKS)
            return bool(select.select([self.channel], [], [], look)[0]) or look < seconds
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
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
