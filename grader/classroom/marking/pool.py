"""Grade on this machine: one process per core, each with its own fork server. No student code runs in the processes."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection, wait
from typing import Any

from grader.frozen import frozen
from grader.grading import grade
from grader.grading.judge import unasked
from grader.key import Key, from_bytes
from grader.report import Finding, Report, Status, to_json
from grader.sandbox.server import Sandbox, SandboxError
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

TICK = 1.0  # seconds after which None is yielded while nothing comes back
TRIES = 2  # if a grader process dies, it is replaced and its submission tried once more


@frozen
class Job:
    """One submission to grade; `mark` and `terms` go back with the answer."""

    student: str
    unit: str
    submission: Submission
    terms: str = ""


@frozen
class How:
    """What every grader process needs: the keys' bytes by unit, seconds per exercise, the weakest isolation level."""

    keys: Mapping[str, bytes]
    seconds: float
    isolation: str


Answer = tuple[Job, str] | None  # a job and its report as JSON text; None if only time has passed
Feed = Callable[[], Job | None]  # the next job; None for none at the moment


def as_text(report: Report) -> str:
    return json.dumps(to_json(report), ensure_ascii=False, separators=(",", ":"))


def at_fault(job: Job, key: Key, isolation: str, why: str) -> Report:
    """The report if the grader itself failed. The submission is graded again on the next run."""
    finding = Finding("crash", f"the grader itself failed: {why}", "It is not your fault; please report it.")
    exercises = tuple(unasked(exercise, key.unit, Status.GRADER_ERROR, finding) for exercise in key.exercises)
    return Report(job.submission.name, job.submission.sha256, key.unit, key.id, isolation, 0.0, exercises)


def run(feed: Feed, how: How, size: int, is_stopped: Callable[[], bool]) -> Iterator[Answer]:
    """Grade jobs from `feed` until there are none and none is running; once stopped, finish those that are running."""
    graders: list[_Grader] = []
    try:
        while True:
            idle = [grader for grader in graders if grader.job is None]
            while not is_stopped() and (idle or len(graders) < size) and (job := feed()):
                grader = idle.pop() if idle else _Grader(how)
                if grader not in graders:
                    graders.append(grader)
                grader.take(job)
            busy = [grader for grader in graders if grader.job]
            if not busy:
                return
            ready = wait([grader.connection for grader in busy], TICK)
            for grader in [grader for grader in busy if grader.connection in ready]:
                yield from _answer(grader, graders, how)
            yield None
    finally:
        for grader in graders:
            grader.end()


def _answer(grader: "_Grader", graders: list["_Grader"], how: How) -> Iterator[Answer]:
    """Receive an answer from a grader process; replace the process if it has died."""
    job = grader.job
    try:
        message = grader.connection.recv_bytes()
    except (EOFError, OSError):
        graders.remove(grader)
        grader.end()
        again = _Grader(how, tries=grader.tries + 1)
        if again.tries < TRIES:
            graders.append(again)
            again.take(job)
        else:
            again.end()
            key = from_bytes(how.keys[job.unit])
            yield job, as_text(at_fault(job, key, how.isolation, "its process ended twice over this submission"))
        return
    kind, text = chr(message[0]), message[1:].decode()
    if kind == "!":
        raise SandboxError(text)
    grader.job, grader.tries = None, 0
    yield job, text


class _Grader:
    """A process that grades, and its current job."""

    def __init__(self, how: How, tries: int = 0):
        ours, theirs = socket.socketpair()
        life, self._life = os.pipe()
        arguments = [sys.executable, "-c", START, str(theirs.fileno()), str(life), *filter(None, sys.path)]
        with theirs:  # a fresh interpreter, which inherits no keys or secrets from this process
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno(), life], start_new_session=True
            )
        os.close(life)
        self.connection = Connection(ours.detach())
        self.job: Job | None = None
        self.tries = tries
        self.send((how.seconds, how.isolation), dict(how.keys))

    def take(self, job: Job) -> None:
        self.job = job
        self.send(job)

    def send(self, *items: Any) -> None:
        with contextlib.suppress(OSError):  # it has died, which is noticed when its answer is awaited
            for item in items:
                self.connection.send(item)

    def end(self) -> None:
        """Close the connection; a process that is still grading ends at once, since nobody waits for its answer."""
        self.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.job is None:
                self.process.wait(5)
        os.close(self._life)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


START = """
import sys
_, connection, life, *sys.path = sys.argv
sys.argv[1:] = []
from grader.classroom.marking.pool import work
work(int(connection), int(life))
"""


def work(connection_fd: int, life_fd: int) -> None:
    """The main function of a grader process. It starts its fork server before it reads any key."""
    connection = Connection(connection_fd)
    seconds, isolation = connection.recv()
    try:
        with Sandbox(Limits(seconds=seconds), least=isolation, spare=1) as sandbox:
            threading.Thread(target=_end_with_parent, args=(life_fd, sandbox), daemon=True).start()
            keys = {unit: from_bytes(content, unit) for unit, content in connection.recv().items()}
            while True:
                job = connection.recv()
                connection.send_bytes(b"=" + as_text(grade(job.submission, keys[job.unit], sandbox)).encode())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    except SandboxError as error:
        with contextlib.suppress(OSError):
            connection.send_bytes(b"!" + str(error).encode())


def _end_with_parent(life_fd: int, sandbox: Sandbox) -> None:
    """End at once when the parent process has ended, for whatever reason."""
    os.read(life_fd, 1)
    for home in sandbox.homes:
        home.close()
    os._exit(1)
