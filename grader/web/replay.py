"""A sandbox whose workers are elsewhere, for a judge that cannot wait: what it has not got yet, it asks for by stopping.

In a web page nothing may block. So the judge runs until it needs an answer that has not come, and stops with `Waiting`. When
the answer has come, it runs again from the same point with all that was recorded, and comes further. What it sends goes out
once, whatever the number of runs; what it reads is what came, in the order in which it came. For that each run must do the
same: the only clock is the recording's own, which moves by what was waited for.
"""

from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from grader.frozen import frozen
from grader.grading import replies
from grader.sandbox import wire
from grader.sandbox.server import SandboxError
from grader.sandbox.walls.levels import WEAKEST
from grader.sandbox.walls.limits import Limits
from grader.sandbox.worker import WorkerEnded

PATIENCE = 2.0  # seconds for answers that nobody has asked for: a new worker takes about as long


class Waiting(BaseException):
    """The judge needs the next event of a worker, within some seconds where there is a limit; `due` answers are on their way.

    No Exception: a judge that catches those, to tell a fault of ours, must not catch this.
    """

    def __init__(self, worker: int, seconds: float | None, due: int = 0):
        super().__init__(worker, seconds)
        self.worker, self.seconds, self.due = worker, seconds, due


class Outside(Protocol):
    """What really has the workers, which it knows by their numbers."""

    def want(self, worker: int) -> None: ...

    def post(self, worker: int, frames: bytes) -> None: ...

    def end(self, worker: int) -> None: ...


@frozen
class Event:
    """What came from a worker: `ready`, a `frame`, `printed` text, or that it has `ended`, as WorkerEnded has it.

    `waited` is how many seconds the judge had waited for it.
    """

    kind: str
    waited: float = 0.0
    frame: bytes = b""
    text: str = ""
    how: str = ""


@dataclass
class Place:
    """How far the judge has come with one worker."""

    read: int = 0  # events
    said: int = 0  # messages, one or more frames each
    due: int = 0  # frames that were sent and are not answered
    is_open: bool = True
    printed: str = ""


@dataclass
class Log:
    """All that has come from one worker, and what was sent to it; `place` is where the judge is, `mark` where it began."""

    events: list[Event] = field(default_factory=list)
    sent: int = 0
    is_ended: bool = False
    place: Place = field(default_factory=Place)
    mark: Place = field(default_factory=Place)


class ReplayedWorker:
    """One worker as the judge sees it (see `grader.sandbox.worker.Worker`): its answers are those that were recorded."""

    def __init__(self, number: int, recording: "Recording"):
        self.number, self.recording, self.limits = number, recording, recording.limits

    @property
    def log(self) -> Log:
        return self.recording.logs[self.number]

    def send(self, *messages: dict[str, Any]) -> None:
        self.send_frames(b"".join(map(wire.encode, messages)))

    def send_frames(self, frames: bytes) -> None:
        place = self.log.place
        place.said += 1
        place.due += _count(frames)
        if place.said > self.log.sent:
            self.log.sent = place.said
            self.recording.outside.post(self.number, frames)

    def receive(self, seconds: float, max_header: int = wire.MAX_ANSWER_HEADER) -> Any:
        """The next frame's value; WorkerEnded where the worker has ended instead, Waiting where neither is known yet."""
        event = self._next(seconds)
        if event.kind != "frame":
            self._end("crash", "it wrote bytes that are no answer")
        try:
            sizes = wire.lengths(event.frame[: wire.PREFIX.size]) if len(event.frame) >= wire.PREFIX.size else (0, 0)
            if sum(sizes) > self.limits.answer or sizes[0] > max_header:
                self._end("memory", f"its answer has {sum(sizes):,} bytes")
            value = wire.decode(event.frame)
        except wire.WireError as error:
            self._end("crash", f"it wrote bytes that are no answer ({error})")
        self.log.place.due -= not replies.is_on_the_way(value)
        return value

    def printed(self) -> str:
        """What was printed before the last answer that was read, since the last call."""
        place = self.log.place
        text, place.printed = place.printed[: self.limits.output], ""
        return text

    def close(self) -> None:
        self.log.place.is_open = False
        if not self.log.is_ended:
            self.log.is_ended = True
            self.recording.outside.end(self.number)

    def await_ready(self) -> None:
        """Read that the worker is ready; Waiting where that has not come, SandboxError where it has ended instead."""
        try:
            self._next(None)
        except WorkerEnded as ended:
            raise SandboxError(f"the part of the page that runs your code did not start ({ended.detail})") from None

    def _next(self, seconds: float | None) -> Event:
        log = self.log
        while log.place.read < len(log.events):
            event = log.events[log.place.read]
            log.place.read += 1
            if event.kind != "ready":  # a start is nobody's time
                self.recording.time += event.waited
            if event.kind == "printed":
                log.place.printed += event.text
            elif event.kind == "ended":
                detail = f"no answer after {seconds or 0:g} s" if event.how == "timeout" else event.text
                self._end(event.how, detail)
            else:
                return event
        raise Waiting(self.number, seconds, log.place.due)

    def _end(self, how: str, detail: str) -> NoReturn:
        self.close()
        raise WorkerEnded(how, detail)


class Recording:
    """A sandbox whose workers are `outside`, and all that has come from them. `rewind` goes back to where `mark` was called."""

    level, patience, packages = WEAKEST, PATIENCE, ("numpy",)

    def __init__(self, outside: Outside, limits: Limits | None = None):
        self.outside, self.limits = outside, limits or Limits()
        self.logs: dict[int, Log] = {}
        self.time, self.last = 0.0, 0
        self._mark = (0.0, 0)

    def now(self) -> float:
        """The seconds that were waited for workers."""
        return self.time

    def worker(self) -> ReplayedWorker:
        self.last += 1
        if self.last not in self.logs:
            self.logs[self.last] = Log()
            self.outside.want(self.last)
        worker = ReplayedWorker(self.last, self)
        worker.await_ready()
        return worker

    def sibling(self, packages: object) -> "Recording":
        return self

    def came(self, worker: int, event: Event) -> None:
        """Record what came from a worker."""
        if worker in self.logs:
            log = self.logs[worker]
            log.events.append(event)
            log.is_ended = log.is_ended or event.kind == "ended"

    def mark(self) -> None:
        """Begin anew from here: what was read is forgotten, and workers that are closed."""
        self._mark = (self.time, self.last)
        self.logs = {number: log for number, log in self.logs.items() if log.place.is_open}
        for log in self.logs.values():
            del log.events[: log.place.read]
            log.sent -= log.place.said
            log.place.read = log.place.said = 0
            log.mark = _copy(log.place)

    def rewind(self) -> None:
        """Go back to the mark; what came since is kept."""
        self.time, self.last = self._mark
        for log in self.logs.values():
            log.place = _copy(log.mark)

    def close(self) -> None:
        """End every worker that has not ended."""
        for number, log in self.logs.items():
            if not log.is_ended:
                log.is_ended = True
                self.outside.end(number)
        self.logs.clear()


def _copy(place: Place) -> Place:
    return Place(place.read, place.said, place.due, place.is_open, place.printed)


def _count(frames: bytes) -> int:
    """How many frames there are one after another."""
    at = count = 0
    while at < len(frames):
        at += wire.PREFIX.size + sum(wire.lengths(frames[at : at + wire.PREFIX.size]))
        count += 1
    return count
