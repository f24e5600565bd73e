"""Workers without a fork server, for systems that cannot fork: a fresh interpreter for each, with the same wire.

The isolation level is `process`: a separate process whose time limit is enforced from outside. Like the fork server, it
is started before any key or solution is read, and its command line names no file of the course.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.sandbox import frameworks
from grader.sandbox.output import Pipe, Pumped
from grader.sandbox.server import ENVIRONMENT, NUMPY, START_SECONDS, Sandbox, SandboxError, library_paths
from grader.sandbox.walls.levels import LEVELS, WEAKEST
from grader.sandbox.walls.limits import Limits, kill
from grader.scratch import Scratch

if TYPE_CHECKING:
    from grader.sandbox.worker import Worker

START = """
import sys
_, channel, home, limits, packages, *paths = sys.argv
sys.argv[:] = ["submission"]
sys.path[:0] = paths
from grader.sandbox.inside.spawned import main
main(channel, home, limits, packages.split(), paths)
"""
NEEDED = ("SYSTEMROOT", "TEMP", "TMP")  # without these variables, Windows opens no socket
IS_WINDOWS = sys.platform == "win32"


class Spawner:
    """The counterpart of `grader.sandbox.server.Sandbox` without fork. It keeps one worker ready, as loading is slow.

    `pumps` makes a thread read what workers print, which Windows needs.
    """

    level, counts_threads, spare = WEAKEST, True, 1
    now, patience = staticmethod(time.monotonic), Sandbox.patience

    def __init__(self, limits: Limits | None = None, packages: Sequence[str] = NUMPY, pumps: bool = IS_WINDOWS):
        self.limits = limits or Limits()
        self.packages = tuple(packages)
        self.reasons = dict.fromkeys(LEVELS[:-1], "this system cannot fork a process")
        self._pumps = pumps
        self._home = Scratch()
        self._siblings: dict[tuple[str, ...], Spawner] = {}
        self._alive: dict[int, subprocess.Popen] = {}
        self._ready: tuple[subprocess.Popen, socket.socket] | None = self._spawn()

    def worker(self) -> "Worker":
        """A new worker, usually one that is starting in the background already."""
        from grader.sandbox.worker import Worker, WorkerEnded

        (process, channel), self._ready = self._ready or self._spawn(), None
        output = Pumped(process.stdout) if self._pumps else Pipe(os.dup(process.stdout.fileno()))
        if not self._pumps:
            process.stdout.close()
        worker = Worker(process.pid, channel, output, self.limits, self.reap)
        try:
            worker.receive(START_SECONDS * 3)  # it first loads NumPy or PyTorch from the disk
        except WorkerEnded as ended:
            said = worker.last_words.strip().splitlines()
            raise SandboxError(f"a worker did not start ({said[-1] if said else ended}); run `grade doctor`") from None
        return worker

    def ahead(self, count: int = 1) -> None:
        """One is made ahead as it is."""

    def part(self) -> None:
        """Nothing ends before `close`."""

    def sibling(self, packages: Sequence[str]) -> "Spawner":
        """A spawner like this one with other packages; it is closed with this one."""
        if (wanted := tuple(packages)) == self.packages:
            return self
        if wanted not in self._siblings:
            self._siblings[wanted] = Spawner(self.limits, wanted, self._pumps)
        return self._siblings[wanted]

    def reap(self, pid: int) -> dict[str, Any]:
        """End a worker and return its wait status as `Sandbox.reap` does; the next worker starts meanwhile."""
        code = self._end(self._alive.pop(pid))
        if self._ready is None:
            self._ready = self._spawn()
        return {"status": -code if code < 0 else (code & 0xFF) << 8, "was_short": False}

    def close(self) -> None:
        """End every worker."""
        for sibling in self._siblings.values():
            sibling.close()
        self._siblings.clear()
        if self._ready:
            process, channel = self._ready
            channel.close()
            process.stdout.close()
        for process in self._alive.values():
            self._end(process)
        self._alive.clear()
        self._home.close()

    def __enter__(self) -> "Spawner":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _spawn(self) -> tuple[subprocess.Popen, socket.socket]:
        ours, theirs = socket.socketpair()
        place = "shared" if IS_WINDOWS else str(theirs.fileno())
        limits = json.dumps(self.limits.to_dict())
        arguments = [place, self._home.name, limits, " ".join(self.packages), *library_paths(self.packages)]
        more: dict[str, Any] = {} if IS_WINDOWS else {"pass_fds": [theirs.fileno()], "start_new_session": True}
        if IS_WINDOWS:
            more["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP  # so that Ctrl-C reaches only the grader
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", START, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                cwd=self._home.name,
                **more,
            )
            with contextlib.suppress(OSError), process.stdin:
                if IS_WINDOWS:
                    process.stdin.write(theirs.share(process.pid))
        self._alive[process.pid] = process
        return process, ours

    def _environment(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in NEEDED if name in os.environ}
        return ENVIRONMENT | frameworks.environment(self.packages) | own

    def _end(self, process: subprocess.Popen) -> int:
        if IS_WINDOWS:
            process.kill()
        else:
            kill(process.pid)
        return process.wait()
