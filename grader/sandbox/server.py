"""Start the fork server, fork workers, learn how they ended. Imports nothing heavy: it is the first thing that runs.

with Sandbox() as sandbox:          # loads NumPy at once, in parallel with the grader's own imports
    worker = sandbox.worker()
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from grader.sandbox.worker import Worker

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # one thread each: a class is marked by many workers at once, and a sum is the same on every machine
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
START = "import sys; sys.path[:0] = sys.argv[2:]; from grader.sandbox.zygote import main; main(int(sys.argv[1]))"
ISOLATION = "process"  # what holds a worker for now: a process of its own, resource limits, nothing inherited


class SandboxError(RuntimeError):
    """The sandbox itself does not work: our fault or the machine's, never the student's."""


class Sandbox:
    """A fork server and its workers. Start it before any key or solution is read."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self._home = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-S", "-B", "-c", START, str(theirs.fileno()), *_library_paths()]
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                env=ENVIRONMENT,
                cwd=self._home.name,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches the grader alone
            )

    def worker(self) -> "Worker":
        """A fresh worker, forked from the clean process."""
        ours, theirs = socket.socketpair()
        output, print_here = os.pipe()
        with theirs:
            try:
                socket.send_fds(
                    self._control, [json.dumps({"fork": self.limits.to_dict()}).encode()], [theirs.fileno(), print_here]
                )
                pid = self._reply()["pid"]
            finally:
                os.close(print_here)
        from grader.sandbox.worker import Worker  # loads NumPy; by now the fork server has begun to load its own

        return Worker(self, pid, ours, output)

    def reap(self, pid: int) -> dict[str, Any]:
        """Wait for a worker that is dead or dying: its wait status, CPU seconds and peak memory."""
        self._control.sendall(json.dumps({"reap": pid}).encode())
        return self._reply()

    def close(self) -> None:
        """Hang up; the fork server ends, and every worker with it."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._home.cleanup()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _reply(self) -> dict[str, Any]:
        line = b""
        while not line.endswith(b"\n"):
            part = self._control.recv(1 << 16)
            if not part:
                raise SandboxError(
                    "the sandbox did not start; run `grade` once more, and report it if it happens again"
                )
            line += part
        return json.loads(line)


def _library_paths() -> list[str]:
    """Where the worker finds the grader's sandbox and NumPy; found without importing either."""
    numpy = importlib.util.find_spec("numpy")
    if numpy is None or not numpy.origin:
        raise SandboxError("NumPy is not installed beside the grader; install it with `pip install numpy`")
    here = Path(__file__).resolve().parents[2]
    return list(dict.fromkeys([str(here), str(Path(numpy.origin).parents[1])]))
