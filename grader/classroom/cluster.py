"""Graders on other machines, by Dask: the keys go out once, reports come back as JSON text.

Each worker process has a fork server of its own, as on one machine, and only this side writes to the store. So a node
that is lost costs its unfinished submissions a second try, and nothing else.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from grader import __version__
from grader.classroom.pool import Answer, Feed, How, Job, as_text, at_fault
from grader.errors import GraderError, OurFault
from grader.grading import grade
from grader.key import from_bytes
from grader.sandbox.limits import Limits
from grader.sandbox.server import Sandbox, SandboxError, is_installed
from grader.scratch import Scratch

TICK = 0.5
AHEAD = 2  # submissions a thread of a worker has in hand or waiting, so that it never waits for this side
PATIENCE = 60  # seconds to wait for a first worker
REFUSED = "!"
LOST = ("cancelled", "lost")  # with the node that had the keys

_here: dict[Any, Any] = {}  # of a worker process: its sandbox and the keys it has read, one use at a time
_turn = threading.Lock()


def probe(seconds: float, isolation: str, needs_torch: bool) -> tuple[str, str]:
    """On a node: the grader's version there, and why it must not grade, empty if it may."""
    if needs_torch and not is_installed("torch"):
        return __version__, "PyTorch is not installed there"
    try:
        with _turn:
            _sandbox(seconds, isolation)
    except (SandboxError, OSError) as error:
        return __version__, str(error)
    return __version__, ""


def grade_there(job: Job, content: bytes, seconds: float, isolation: str) -> str:
    """On a node: the report as JSON text; one that cannot hold a submission says so instead."""
    with _turn:
        for is_last_try in (False, True):
            try:
                sandbox = _sandbox(seconds, isolation)
                if content not in _here.setdefault("keys", {}):
                    _here["keys"][content] = from_bytes(content, job.unit)
                return as_text(grade(job.submission, _here["keys"][content], sandbox))
            except SandboxError as error:
                if broken := _here.pop("sandbox", None):
                    broken[1].close()
                if is_last_try:
                    return REFUSED + str(error)
    raise AssertionError


def _sandbox(seconds: float, isolation: str) -> Sandbox:
    """This process's fork server, made for these terms."""
    terms = (seconds, isolation)
    if _here.get("sandbox", (None,))[0] != terms:
        if old := _here.pop("sandbox", None):
            old[1].close()
        sandbox = Sandbox(Limits(seconds=seconds), least=isolation)
        _ = sandbox.level  # says now if it does not hold
        _here["sandbox"] = (terms, sandbox)
    return _here["sandbox"][1]


def run(
    feed: Feed, how: How, address: str, size: int, is_stopped: Callable[[], bool], say: Callable[[str], None]
) -> Iterator[Answer]:
    """As `grader.classroom.pool.run`, on the workers of a scheduler; `local` starts one here, with `size` workers."""
    try:
        from distributed import Client
    except ImportError:
        raise GraderError("--scheduler needs Dask; install it with `pip install 'deep-grade[cluster]'`") from None
    with contextlib.ExitStack() as stack:
        if address == "local":
            address = stack.enter_context(_local(size))
        try:
            client = stack.enter_context(Client(address, timeout=20))
        except (OSError, ValueError) as error:
            raise GraderError(
                f"cannot reach a Dask scheduler at {address} ({error}); start one with `dask scheduler`"
            ) from None
        yield from _run(client, feed, how, is_stopped, say)


@contextlib.contextmanager
def _local(size: int) -> Iterator[str]:
    """The address of a scheduler in this process, with workers in processes of their own."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1") as cluster,
        Scratch() as folder,
    ):
        arguments = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path)}
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, *arguments],
                env=environment,
                cwd=folder,  # `-m` looks for modules where it is started: never among submissions
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is this side's to decide about
            )
            for _ in range(size)
        ]
        try:
            yield cluster.scheduler_address
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait()


def _run(client, feed: Feed, how: How, is_stopped: Callable[[], bool], say: Callable[[str], None]) -> Iterator[Answer]:
    from distributed import wait
    from distributed.client import TimeoutError as Late

    nodes = _Nodes(client, how, say)
    nodes.look(PATIENCE)
    keys = _scattered(client, how)
    under_way: dict[Future, tuple[Job, set[str]]] = {}
    again: list[Job] = []
    while True:
        while not is_stopped() and len(under_way) < AHEAD * nodes.threads and (job := again.pop() if again else feed()):
            future = client.submit(
                grade_there, job, keys[job.unit], how.seconds, how.isolation, pure=False, workers=nodes.allowed
            )
            under_way[future] = job, {*nodes.allowed}
        if not under_way:
            return
        try:
            done = wait(list(under_way), timeout=TICK, return_when="FIRST_COMPLETED").done
        except (TimeoutError, Late):
            done = set()
        for future in done:
            job, _ = under_way.pop(future)
            text = "" if future.status in LOST else _text(future, job, how)
            if text and not text.startswith(REFUSED):
                yield job, text
                continue
            again.append(job)
            if text:
                nodes.refuse(text[1:])
            else:
                keys = _scattered(client, how)
        nodes.look()
        for future in [future for future, (_, where) in under_way.items() if not where & {*nodes.allowed}]:
            future.cancel()  # every node that might have taken it is gone
            again.append(under_way.pop(future)[0])
        yield None


def _scattered(client, how: How) -> dict[str, Any]:
    """The keys on every node, by unit; a node that comes later fetches them from its neighbours."""
    return dict(zip(how.keys, client.scatter(list(how.keys.values()), broadcast=True), strict=True))


def _text(future: Future, job: Job, how: How) -> str:
    """What a node answered; where it could not, the report that says so."""
    if future.status == "finished":
        return future.result()
    why = f"no node could finish it ({type(future.exception()).__name__})"
    return as_text(at_fault(job, from_bytes(how.keys[job.unit], job.unit), how.isolation, why))


class _Nodes:
    """The workers that may grade: those with this version of the grader and the isolation that was asked for."""

    def __init__(self, client, how: How, say: Callable[[str], None]):
        self.client, self.how, self.say = client, how, say
        self.allowed: list[str] = []
        self.refused: dict[str, str] = {}
        self.threads = 0
        keys = (from_bytes(content, unit) for unit, content in how.keys.items())
        self.needs_torch = any(exercise.torch for key in keys for exercise in key.exercises)

    def look(self, patience: float = 0) -> None:
        """Probe the workers that are new; OurFault where none is left that may grade."""
        if patience:
            try:
                self.client.wait_for_workers(1, timeout=patience)
            except TimeoutError:
                raise GraderError("the scheduler has no worker; start some with `dask worker ADDRESS`") from None
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        new = [name for name in workers if name not in self.allowed and name not in self.refused]
        answers = self.client.run(
            probe, self.how.seconds, self.how.isolation, self.needs_torch, workers=new, on_error="return"
        ) if new else {}  # fmt: skip
        for name, answer in answers.items():
            version, why = answer if isinstance(answer, tuple) else ("", f"the grader is not installed there: {answer}")
            if not why and version != __version__:
                why = f"it has version {version} of the grader, and this is {__version__}"
            if why:
                self.refused[name] = why
                self.say(f"Node {name} is refused: {why}")
            else:
                self.allowed.append(name)
        self.allowed = [name for name in self.allowed if name in workers]
        self.threads = sum(workers[name]["nthreads"] for name in self.allowed)
        if not self.allowed:
            raise OurFault(
                f"no node may grade: {'; '.join(dict.fromkeys(self.refused.values())) or 'all are gone'}. "
                "What was marked is in the store, and the same command goes on"
            )

    def refuse(self, why: str) -> None:
        """A node's sandbox broke meanwhile: ask all of them again."""
        self.say(f"A node cannot hold submissions any more: {why}")
        self.allowed, self.refused = [], {}
        self.look()
