"""Start the fork server, fork workers, report how they ended. Imports nothing heavy, because it runs first.

with Sandbox() as sandbox:          # loads NumPy at once, in parallel with the grader's own imports
    worker = sandbox.worker()
"""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import OurFault
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
import sys
_, control, level, home, packages, *paths = sys.argv
sys.argv[:] = ["submission"]
sys.path[:0] = paths
from grader.sandbox.inside.zygote import main
main(int(control), level, home, packages.split(), paths)
"""
GONE = "the sandbox did not start, or has ended; run `grade` once more, and report it if it happens again"
REPLY_SECONDS = 10  # to wait until the fork server has forked or ended a worker, which takes milliseconds
READY_SECONDS = 120  # to wait until it has loaded its packages, at worst PyTorch from a slow disk
START_SECONDS = 20  # to wait until a worker has isolated itself, which takes far less even on a slow machine
NUMPY = ("numpy",)
TORCH = ("numpy", "torch")
TRAINING = ("numpy", "torch", "torch.optim")  # an optimiser's first step loads as much again as PyTorch itself


class SandboxError(OurFault):
    """The sandbox itself does not work: the grader's fault or the machine's, never the student's."""


class Sandbox:
    """A fork server and its worker processes. Start it before any key or solution is read.

    It uses the strongest isolation level that works, from `strongest` down to `least`: `level` is that level, and
    `reasons` says why each stronger one does not work. `packages` are imported before the first worker is forked.
    """

    now = staticmethod(time.monotonic)  # the clock by which its workers' time is counted
    patience = 0.25  # seconds for answers that nobody has asked for; a new worker takes a tenth of that

    def __init__(
        self,
        limits: Limits | None = None,
        strongest: str = STRONGEST,
        least: str = WEAKEST,
        packages: Sequence[str] = NUMPY,
    ):
        self.limits = limits or Limits()
        self.packages = tuple(packages)
        self.reasons: dict[str, str] = {}
        self._siblings: dict[tuple[str, ...], Sandbox] = {}
        self._bounds = (strongest, least)
        self._levels = list(LEVELS[LEVELS.index(strongest) : LEVELS.index(least) + 1])
        self._is_proven = False
        self._counts_threads = True
        self._first: Worker | None = None
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
        if not self._first:
            try:
                worker = self._fork()
            except SandboxError:  # the fork server is gone: it was killed, for example for lack of memory
                self._start_again()
                self._settle()
        if self._first:
            worker, self._first = self._first, None
            return worker
        if escapes := self._escapes(worker):
            raise SandboxError(f"the sandbox does not hold any more ({escapes}); run `grade doctor`")
        return worker

    def sibling(self, packages: Sequence[str]) -> "Sandbox":
        """A sandbox like this one with other packages. It starts in the background and is closed with this one."""
        if (wanted := tuple(packages)) == self.packages:
            return self
        if wanted not in self._siblings:
            self._siblings[wanted] = Sandbox(self.limits, *self._bounds, wanted)
        return self._siblings[wanted]

    def reap(self, pid: int) -> dict[str, Any]:
        """End a worker and return its wait status and whether the kernel killed it for its memory (`was_short`).

        A fork server that does not answer, because it was stopped or killed, is replaced by a new one, so that the next
        worker is not affected.
        """
        try:
            self._control.sendall(json.dumps({"reap": pid}).encode())
            return self._reply()
        except (OSError, SandboxError):
            if self._process.poll() is None and self._levels[0] != "namespaces":
                kill(
                    pid
                )  # the process number is this worker's while its parent lives; in namespaces it dies with its parent
            self._start_again()
            return {"status": int(signal.SIGKILL), "was_short": False}

    def close(self) -> None:
        """Close the connection; the fork server ends, and every worker with it."""
        for sibling in self._siblings.values():
            sibling.close()
        self._siblings.clear()
        self._hang_up()

    def _start_again(self) -> None:
        """Replace the fork server by a new one at the same level."""
        self._levels, self._is_proven = self._levels[:1], False
        self._process.kill()
        self._hang_up()
        self._start()

    def _hang_up(self) -> None:
        if self._first:
            self._first.close()
            self._first = None
        self._control.close()
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
        self._control, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), self._levels[0], self._home.name, " ".join(self.packages)]
        arguments += library_paths(self.packages)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", START, *arguments],
                stdin=subprocess.DEVNULL,
                env=ENVIRONMENT,
                cwd=self._home.name,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # so that Ctrl-C reaches only the grader
            )

    def _settle(self) -> None:
        """Try the levels in order until one is ready and all escape attempts of its first worker have failed."""
        while not self._is_proven:
            level, reason = self._levels[0], ""
            try:
                ready = self._reply(READY_SECONDS)
                reason, self._counts_threads = ready.get("failed", ""), ready.get("counts_threads", True)
                if not reason:
                    worker = self._fork()
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

    def _fork(self) -> "Worker":
        ours, theirs = socket.socketpair()
        output, print_here = os.pipe()
        with theirs:
            try:
                message = json.dumps({"fork": self.limits.to_dict()}).encode()
                socket.send_fds(self._control, [message], [theirs.fileno(), print_here])
                pid = self._reply()["pid"]
            except (OSError, SandboxError):
                ours.close()
                os.close(output)
                raise SandboxError(GONE) from None
            finally:
                os.close(print_here)
        from grader.sandbox.output import Pipe
        from grader.sandbox.worker import Worker  # loads NumPy, while the fork server loads its own

        return Worker(pid, ours, Pipe(output), self.limits, self.reap, self._meter(pid))

    def _meter(self, pid: int) -> "Meter | None":
        """What measures a worker's files; None in namespaces, where a file system of limited size holds them."""
        if self._levels[0] == "namespaces":
            return None
        from grader.sandbox.walls.meter import Meter

        return Meter(pid, os.path.join(self._home.name, str(pid)), self.limits)

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

    def _reply(self, seconds: float | None = None) -> dict[str, Any]:
        """The fork server's next reply; SandboxError if it has gone or does not reply in time."""
        self._control.settimeout(seconds or REPLY_SECONDS)
        line = b""
        while not line.endswith(b"\n"):
            try:
                part = self._control.recv(1 << 16)
            except OSError:
                part = b""
            if not part:
                raise SandboxError(GONE)
            line += part
        return json.loads(line)


def is_installed(package: str) -> bool:
    """Whether a package is installed; it is not imported."""
    return importlib.util.find_spec(package.partition(".")[0]) is not None


def library_paths(packages: Sequence[str]) -> list[str]:
    """The search path on which a worker finds the grader's sandbox and the packages; found without importing them."""
    paths = [str(Path(__file__).resolve().parents[2])]
    for package in packages:
        top = package.partition(".")[0]
        spec = importlib.util.find_spec(top)
        if spec is None or not spec.origin:
            raise SandboxError(f"{top} is not installed beside the grader; install it with `pip install {top}`")
        paths.append(str(Path(spec.origin).parents[1]))
    return list(dict.fromkeys(paths))
