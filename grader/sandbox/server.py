"""Start the fork server, fork workers, report how they ended. Imports nothing heavy, because it runs first.

with Sandbox() as sandbox:          # loads NumPy at once, in parallel with the grader's own imports
    worker = sandbox.worker()
"""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.sandbox import frameworks
from grader.sandbox.control import GONE, Coming, Control, SandboxError
from grader.sandbox.walls.levels import LEVELS, STRONGEST, WEAKEST
from grader.sandbox.walls.limits import Limits, kill
from grader.scratch import Scratch

if TYPE_CHECKING:
    from grader.sandbox.walls.meter import Meter
    from grader.sandbox.worker import Worker

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # one thread each: many workers mark a class at once, and sums come out the same on every machine
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
START = """
import gc, sys
gc.disable()
_, control, level, home, packages, *paths = sys.argv
sys.argv[:] = ["submission"]
sys.path[:0] = paths
from grader.sandbox.inside.zygote import main
main(int(control), level, home, packages.split(), paths)
"""
READY_SECONDS = 120  # to wait until it has loaded its packages, at worst PyTorch from a slow disk
START_SECONDS = 20  # to wait until a worker has isolated itself, which takes far less even on a slow machine
NUMPY = ("numpy",)
TORCH = ("numpy", "torch")
TRAINING = ("numpy", "torch", "torch.optim")  # an optimiser's first step loads as much again as PyTorch itself


class Sandbox:
    """A fork server and its worker processes. Start it before any key or solution is read.

    It uses the strongest isolation level that works, from `strongest` down to `least`: `level` is that level, and
    `reasons` says why each stronger one does not work. `packages` are imported before the first worker is forked.
    `spare` workers, isolated and with nothing read, are kept ready from the first one on.
    """

    now = staticmethod(time.monotonic)  # the clock by which its workers' time is counted
    patience = 0.25  # seconds for answers that nobody has asked for; a new worker takes a tenth of that

    def __init__(
        self,
        limits: Limits | None = None,
        strongest: str = STRONGEST,
        least: str = WEAKEST,
        packages: Sequence[str] = NUMPY,
        spare: int = 0,
    ):
        self.limits = limits or Limits()
        self.packages = tuple(packages)
        self.spare = spare
        self.reasons: dict[str, str] = {}
        self._siblings: dict[tuple[str, ...], Sandbox] = {}
        self._bounds = (strongest, least)
        self._levels = list(LEVELS[LEVELS.index(strongest) : LEVELS.index(least) + 1])
        self._is_proven = False
        self._counts_threads = True
        self._first: Worker | None = None
        self._coming: deque[Coming] = deque()
        self._start()

    @property
    def level(self) -> str:
        """The isolation level in use, which is determined by starting the first worker."""
        self._settle()
        return self._levels[0]

    @property
    def counts_threads(self) -> bool:
        """Whether the kernel limits a worker's threads; it cannot if workers must run as root."""
        self._settle()
        return self._counts_threads

    @property
    def homes(self) -> list[Scratch]:
        """The temporary folders in which the file system views of this sandbox and its siblings are built."""
        return [self._home, *(sibling._home for sibling in list(self._siblings.values()))]

    def worker(self) -> "Worker":
        """A new worker, forked from the fork server and isolated. SandboxError if none can be had."""
        self._settle()
        try:
            worker = self._waiting() or self._fork()
        except SandboxError:  # the fork server is gone: it was killed, for example for lack of memory
            self._start_again()
            self._settle()
            worker, self._first = self._first, None
        self.ahead(self.spare)
        return worker

    def ahead(self, count: int = 1) -> None:
        """Have so many workers made with today's limits, and do not wait for them: who asks for one finds it ready."""
        with contextlib.suppress(SandboxError):  # it is gone, which the one who asks for a worker will notice
            while len(self._coming) < count:
                self._coming.append(self._control.fork(self.limits))

    def sibling(self, packages: Sequence[str]) -> "Sandbox":
        """A sandbox like this one with other packages. It starts in the background and is closed with this one."""
        if (wanted := tuple(packages)) == self.packages:
            return self
        if wanted not in self._siblings:
            self._siblings[wanted] = Sandbox(self.limits, *self._bounds, wanted, self.spare)
        return self._siblings[wanted]

    def reap(self, pid: int) -> dict[str, Any]:
        """End a worker and return its wait status and whether the kernel killed it for its memory (`was_short`).

        A fork server that does not answer, because it was stopped or killed, is replaced by a new one, so that the next
        worker is not affected.
        """
        try:
            return self._control.reap(pid)
        except SandboxError:
            if not self._control.is_closed:  # else it ends with all others, as nobody wants one any more
                if self._process.poll() is None and self._levels[0] != "namespaces":
                    kill(pid)  # its number while its parent lives; in namespaces it dies with its parent
                self._start_again()
            return {"status": int(signal.SIGKILL), "was_short": False}

    def part(self) -> None:
        """Say that no worker is needed any more: all processes end, and nobody waits for that before `close`."""
        for sandbox in (self, *self._siblings.values()):
            sandbox._let_go()

    def close(self) -> None:
        """Close the connection; the fork server ends, and every worker with it."""
        while self._siblings:
            self._siblings.popitem()[1].close()
        self._hang_up()

    def _start_again(self) -> None:
        """Replace the fork server by a new one at the same level."""
        self._levels, self._is_proven = self._levels[:1], False
        self._process.kill()
        self._hang_up()
        self._start()

    def _let_go(self) -> None:
        if self._first:
            self._first.close()
            self._first = None
        while self._coming:
            self._coming.popleft().forget()
        self._control.close()

    def _hang_up(self) -> None:
        self._let_go()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._home.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self) -> None:
        self._home = Scratch()
        if os.geteuid() == 0:
            self._home.let_through()  # for workers that run as users of their own
        self._control = Control()
        with self._control.theirs as theirs:
            self._process = started(theirs.fileno(), self._levels[0], self._home.name, self.packages)

    def _settle(self) -> None:
        """Try the levels in order until one is ready and all escape attempts of its first worker have failed."""
        while not self._is_proven:
            level, reason = self._levels[0], ""
            try:
                ready = self._control.reply(READY_SECONDS)
                reason, self._counts_threads = ready.get("failed", ""), ready.get("counts_threads", True)
                if not reason:
                    worker = self._next()
                    reason = self._escapes(worker)
            except SandboxError:
                reason = "it ended before it was ready"
            if not reason:
                self._first = worker  # it has read nothing yet, so the first submission can use it
                self._is_proven = True
                return
            self.reasons[level] = reason
            if len(self._levels) == 1:
                raise SandboxError(f"isolation by {level} does not work here ({reason}); `grade doctor` says more")
            self._levels.pop(0)
            self._hang_up()
            self._start()

    def _waiting(self) -> "Worker | None":
        """A worker that was made ahead with today's limits, is isolated and lives; None if there is none, and others end."""
        if self._process.poll() is not None:  # what it made is dead or dying
            raise SandboxError(GONE)
        first, self._first = self._first, None
        while first or self._coming:
            worker, first, is_proven = first or self._next(), None, bool(first)
            is_isolated = is_proven or not self._escapes(worker)
            if is_isolated and worker.limits == self.limits and worker.is_idle():
                return worker
            worker.close()
        return None

    def _fork(self) -> "Worker":
        worker = self._next()
        if escapes := self._escapes(worker):
            raise SandboxError(f"the sandbox does not hold any more ({escapes}); run `grade doctor`")
        return worker

    def _next(self) -> "Worker":
        """The worker that was asked for first, or one that is asked for now."""
        coming = self._coming.popleft() if self._coming else self._control.fork(self.limits)
        try:
            while not coming.pid:
                self._control.reply()
        except SandboxError:
            coming.forget()
            raise
        from grader.sandbox.output import Pipe
        from grader.sandbox.worker import Worker  # loads NumPy, while the fork server loads its own

        meter = self._meter(coming.pid, coming.limits)
        return Worker(coming.pid, coming.channel, Pipe(coming.output), coming.limits, self.reap, meter)

    def _meter(self, pid: int, limits: Limits) -> "Meter | None":
        """What measures a worker's files; None in namespaces, where a file system of limited size holds them."""
        if self._levels[0] == "namespaces":
            return None
        from grader.sandbox.walls.meter import Meter

        return Meter(pid, os.path.join(self._home.name, str(pid)), limits)

    def _escapes(self, worker: "Worker") -> str:
        """What a new worker can do although its level forbids it, or why it is not isolated; empty if neither."""
        from grader.sandbox.worker import WorkerEnded

        try:
            escapes = worker.receive(START_SECONDS)["escapes"]
        except WorkerEnded as ended:
            said = worker.last_words.strip().splitlines()
            return said[-1] if said else str(ended)
        if escapes:
            worker.close()
        return "it can " + " and ".join(escapes) if escapes else ""


def started(control: int, level: str, home: str, packages: Sequence[str]) -> subprocess.Popen:
    """The process of a fork server that listens on a socket and has a folder for its own."""
    arguments = [str(control), level, home, " ".join(packages), *library_paths(packages)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", START, *arguments],
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT | frameworks.environment(packages),
        cwd=home,
        pass_fds=[control],
        start_new_session=True,  # so that Ctrl-C reaches only the grader
    )


def is_installed(package: str) -> bool:
    """Whether a package is installed; it is not imported."""
    return importlib.util.find_spec(package.partition(".")[0]) is not None


def library_paths(packages: Sequence[str]) -> list[str]:
    """The search path on which a worker finds the grader's sandbox and the packages; found without importing them."""
    paths = [str(Path(__file__).resolve().parents[2])]
    for package in packages:
        top = package.partition(".")[0]
        spec = importlib.util.find_spec(top)
        folders = list(spec.submodule_search_locations or ()) if spec else []  # MLX's has no file of its own
        if not folders:
            raise SandboxError(f"{top} is not installed beside the grader; install it with `pip install {top}`")
        paths.append(str(Path(folders[0]).parent))
    return list(dict.fromkeys(paths))
