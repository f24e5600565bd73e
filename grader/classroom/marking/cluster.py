"""Grade on other machines with Dask: the keys go to each node once, reports come back as JSON text.

Each Dask worker has a fork server of its own, as on one machine, and only this process writes to the store. If a node
is lost, its unfinished submissions are graded again elsewhere, and nothing else happens.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any

from grader.classroom.marking.access import Scheduler, connected
from grader.classroom.marking.node import BROKEN, EMPTY, grade_there, mark, prepare
from grader.classroom.marking.pool import Answer, Feed, How, Job, as_text, at_fault
from grader.errors import GraderError, OurFault
from grader.key import from_bytes
from grader.version import __version__

TICK = 0.5
AHEAD = 2  # submissions per worker thread, running or queued, so that it never waits for this process
GRACE = 10.0  # seconds to wait for another node when all are gone; supervisors restart workers within a few
GOES_ON = "What was marked is in the store, and the same command goes on"

Say = Callable[[str], None]


def run(
    feed: Feed, how: How, scheduler: Scheduler, size: int, is_stopped: Callable[[], bool], say: Say
) -> Iterator[Answer]:
    """Like `grader.classroom.marking.pool.run`, on a scheduler's workers; `local` starts `size` workers here."""
    with connected(scheduler, size) as client:
        try:
            yield from _run(client, feed, how, is_stopped, _Nodes(client, how, say, scheduler.patience))
        except (OSError, CancelledError) as error:
            if client.status == "running":
                raise
            raise OurFault(f"the scheduler at {scheduler.address} is gone ({error}). {GOES_ON}") from None


def _run(client, feed: Feed, how: How, is_stopped: Callable[[], bool], nodes: "_Nodes") -> Iterator[Answer]:
    marks = {unit: mark(content) for unit, content in how.keys.items()}
    under_way: dict[Future, tuple[Job, set[str]]] = {}
    again: list[Job] = []
    nodes.await_first()
    while True:
        while not is_stopped() and len(under_way) < AHEAD * nodes.threads and (job := again.pop() if again else feed()):
            future = client.submit(
                grade_there, job, marks[job.unit], how.seconds, how.isolation, pure=False, workers=nodes.allowed
            )
            under_way[future] = job, {*nodes.allowed}
        if not under_way and not again and not is_stopped() and (job := feed()):
            again.append(job)  # for nodes that may still come
        if not under_way and (is_stopped() or not again):
            return
        for future in _ended(under_way):
            job, _ = under_way.pop(future)
            text = _text(future, job, how)
            if text and not text.startswith((BROKEN, EMPTY)):
                yield job, text
                continue
            again.append(job)
            if text:
                nodes.ask_again(text[1:])
        nodes.look()
        for future in [future for future, (_, where) in under_way.items() if not where & {*nodes.allowed}]:
            future.cancel()  # all nodes that could have taken it are gone
            again.append(under_way.pop(future)[0])
        yield None


def _ended(under_way: dict[Future, Any]) -> list[Future]:
    """Wait a moment; the futures that are finished, failed, or lost with a node."""
    from distributed import wait
    from distributed.client import TimeoutError as Late

    if not under_way:
        time.sleep(TICK)
        return []
    with contextlib.suppress(TimeoutError, Late, CancelledError):  # a lost one ends the wait for all
        wait(list(under_way), timeout=TICK, return_when="FIRST_COMPLETED")
    if any(future.client.status != "running" for future in under_way):
        raise ConnectionError("the connection to it is closed")
    return [future for future in under_way if future.status != "pending"]


def _text(future: Future, job: Job, how: How) -> str:
    """A node's answer, empty if it was lost; if no node could grade it, a report that says so."""
    from distributed.client import TimeoutError as Late

    if future.status == "error":
        why = f"no node could finish it ({type(future.exception()).__name__})"
        return as_text(at_fault(job, from_bytes(how.keys[job.unit], job.unit), how.isolation, why))
    if future.status == "finished":
        try:
            return future.result(timeout=GRACE)
        except (TimeoutError, Late, CancelledError):  # the node has gone, and the answer with it
            future.cancel()
    return ""


class _Nodes:
    """The workers that may grade: those with this version of the grader and the required isolation level."""

    def __init__(self, client, how: How, say: Say, patience: float):
        self.client, self.how, self.say, self.patience = client, how, say, patience
        self.allowed: list[str] = []
        self.refused: dict[str, str] = {}
        self.threads = 0
        self.gone_since: float | None = None
        keys = (from_bytes(content, unit) for unit, content in how.keys.items())
        exercises = [exercise for key in keys for exercise in key.exercises]
        torch = ["torch"] if any(exercise.torch for exercise in exercises) else []
        self.needs = sorted({*torch, *(name for exercise in exercises for name in exercise.frameworks)})

    def await_first(self) -> None:
        """Wait for the first worker; GraderError if none comes in time."""
        try:
            self.client.wait_for_workers(1, timeout=self.patience)
        except TimeoutError:
            raise GraderError("the scheduler has no worker; start some with `dask worker ADDRESS`") from None
        self.look()

    def look(self) -> None:
        """Prepare new workers and forget lost ones; OurFault if none is left that may grade."""
        workers = self.client.scheduler_info(n_workers=-1).get("workers", {})
        if self.client.status != "running":  # then it knows nothing about its workers
            raise ConnectionError("the connection to it is closed")
        if lost := [name for name in self.allowed if name not in workers]:
            self.say(f"{len(lost)} of {len(self.allowed)} nodes lost; what they had in hand is tried again.")
        self.allowed = [name for name in self.allowed if name in workers]
        self.refused = {name: why for name, why in self.refused.items() if name in workers}
        self._prepare([name for name in workers if name not in self.allowed and name not in self.refused])
        self.threads = sum(workers[name]["nthreads"] for name in self.allowed)
        if self.allowed:
            self.gone_since = None
        elif self.refused and len(self.refused) == len(workers):
            raise OurFault(f"no node may grade: {'; '.join(dict.fromkeys(self.refused.values()))}. {GOES_ON}")
        else:
            self._all_are_gone()

    def ask_again(self, why: str) -> None:
        """Prepare all nodes again, because one's sandbox has failed or one has lost its keys."""
        if why:
            self.say(f"A node cannot hold submissions any more: {why}")
        self.allowed, self.refused = [], {}

    def _prepare(self, new: list[str]) -> None:
        if not new:
            return
        keys = list(self.how.keys.values())
        answers = self.client.run(
            prepare, keys, self.how.seconds, self.how.isolation, self.needs, workers=new, on_error="return"
        )
        for name, answer in answers.items():
            if isinstance(answer, OSError):
                continue  # it has gone meanwhile, or will be asked again
            version, why = answer if isinstance(answer, tuple) else ("", f"the grader is not installed there: {answer}")
            if not why and version != __version__:
                why = f"it has version {version} of the grader, and this is {__version__}"
            if why:
                self.refused[name] = why
                self.say(f"Node {name} is refused: {why}")
            else:
                self.allowed.append(name)

    def _all_are_gone(self) -> None:
        now, longest = time.monotonic(), min(GRACE, self.patience)
        if self.gone_since is None:
            self.gone_since = now
            self.say(f"All nodes are gone; waiting {longest:.0f} seconds for another.")
        elif now - self.gone_since > longest:
            raise OurFault(f"no node may grade: all are gone. {GOES_ON}")
