"""Fork servers of warm commands (see warm.py) that have no imports left to make: forked from a process that has made them.

Half of what a short command takes is its fork server's import of NumPy. After `prepare()` all fork servers with NumPy alone
that this process and its children start come from one parent; what a fork server does after its imports, it does as ever. What
is about fork servers themselves starts real ones.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from grader.sandbox import server

LOADED = """
import gc, json, os, select, signal, socket, sys
gc.disable()
_, alive, listening, *paths = sys.argv
sys.argv[:] = ["submission"]
sys.path[:0] = paths
from grader.sandbox.inside import zygote
zygote.load_packages(["numpy"])
alive, listening = int(alive), socket.socket(fileno=int(listening))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
while listening in select.select([alive, listening], [], [])[0]:  # else who has started it is gone
    asking, _ = listening.accept()
    message, (control, *outputs), *_ = socket.recv_fds(asking, 1 << 16, 3)
    level, home = json.loads(message)
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asking.close()
        listening.close()
        os.close(alive)
        os.setsid()
        os.chdir(home)
        for number, fd in enumerate(outputs, 1):
            os.dup2(fd, number)
            os.close(fd)
        zygote.main(control, level, home, ["numpy"], paths)
    asking.sendall(str(pid).encode())
    asking.close()
    for fd in (control, *outputs):
        os.close(fd)
"""


class Forked:
    """A process that is no child of this one, with what the owner of a fork server asks of a `subprocess.Popen`."""

    def __init__(self, pid: int):
        self.pid = pid
        self._watched = os.pidfd_open(pid)

    def __del__(self) -> None:
        os.close(self._watched)

    def poll(self) -> int | None:
        return 0 if select.select([self._watched], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        if not select.select([self._watched], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a fork server", timeout or 0)
        return 0

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watched, signal.SIGKILL)


def prepare() -> None:
    """Load once what fork servers with NumPy load; does nothing on systems that let nobody watch a process by a descriptor."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return
    paths = server.library_paths(server.NUMPY)
    alive, _held = os.pipe()  # the other end is open in this process and in what is forked from it
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("")  # a name of the system's choice
    listening.listen()
    with listening:
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", LOADED, str(alive), str(listening.fileno()), *paths],
            stdin=subprocess.DEVNULL,
            env=server.ENVIRONMENT,
            pass_fds=[alive, listening.fileno()],
        )
        address = listening.getsockname()
    os.close(alive)
    real = server.started

    def started(control: int, level: str, home: str, packages: Sequence[str]) -> subprocess.Popen | Forked:
        if tuple(packages) != server.NUMPY or server.library_paths(packages) != paths:
            return real(control, level, home, packages)
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(address)
            socket.send_fds(asking, [json.dumps([level, home]).encode()], [control, 1, 2])
            return Forked(int(asking.recv(99)))

    server.started = started
