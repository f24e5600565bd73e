"""Escapes that a new worker tries before it reads a submission: if one succeeds, the isolation level does not hold."""

import _thread
import ctypes
import os
import socket
import struct
import sys
import time
from collections.abc import Callable

try:
    import fcntl
except ImportError:  # Windows, where no isolation level needs it
    fcntl = None  # type: ignore[assignment]

CHANNEL = 3  # the descriptor of a worker's socket to the grader
F_SETOWN, F_SETLEASE, F_UNLCK = 8, 1024, 2
FIOSETOWN, FIOASYNC = 0x8901, 0x5452
PR_SET_PDEATHSIG = 1
STACK = 64 << 10  # bytes for each thread of an attempt
HIDDEN = ("/etc", "/proc", "/sys", "/var")  # folders that every system has and no worker's view contains


def escapes(level: str, own: str, threads: int) -> list[str]:
    """What this worker can still do although its level forbids it; empty if the level holds.

    `own` is a file of the grader. `threads` is how many threads a worker may have; 0 skips the slow attempts, which one
    worker of a fork server makes on behalf of all.
    """
    attempts: dict[str, Callable[[], object]] = {}
    if level in ("namespaces", "landlock"):
        attempts |= {
            "read the grader's files": lambda: open(own, "rb").close(),
            "list the file system": _see_the_host,
            "write outside its folder": lambda: os.close(os.open("/escape", os.O_CREAT | os.O_WRONLY)),
        }
    if level != "process":
        attempts |= {
            "open a socket": lambda: socket.socket().close(),
            "start a process": _start_a_process,
            "signal another process": lambda: os.kill(os.getppid() or 1 << 22, 0),
            "have the kernel signal another process": _be_signalled_for,
            "keep memory in a file of no name": lambda: os.close(os.memfd_create("memory")),
            "outlive the fork server": _outlive,
        }
    if threads and level != "process":
        attempts["hold a lease on a file"] = _hold_a_lease
    if threads and sys.platform.startswith("linux"):
        attempts[f"start {threads + 1} threads"] = lambda: _start_threads(threads + 1)
    return [what for what, attempt in attempts.items() if _succeeds(attempt)]


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, RuntimeError):  # RuntimeError: a thread that cannot be started
        return False
    return True


def _see_the_host() -> None:
    """Look into folders that every system has; raises OSError if nothing can be seen in them."""
    if not any(os.path.isdir(folder) and os.listdir(folder) for folder in HIDDEN):
        raise PermissionError


def _start_a_process() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _hold_a_lease() -> None:
    """Take a lease on a file of its own, since a lease on a shared file would block others from opening it."""
    with open("lease", "w"):
        pass
    descriptor = os.open("lease", os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, F_SETLEASE, F_UNLCK)
    finally:
        os.close(descriptor)
        os.unlink("lease")


def _be_signalled_for() -> None:
    """Try every way to make another process the owner of the channel, the receiver of its signals; none is sent yet."""
    ways = (
        lambda: fcntl.fcntl(CHANNEL, F_SETOWN, os.getppid() or 1),
        lambda: fcntl.ioctl(CHANNEL, FIOSETOWN, struct.pack("i", os.getppid() or 1)),
        lambda: fcntl.ioctl(CHANNEL, FIOASYNC, struct.pack("i", 1)),
        lambda: fcntl.fcntl(CHANNEL, fcntl.F_SETFL, fcntl.fcntl(CHANNEL, fcntl.F_GETFL) | os.O_ASYNC),
    )
    if not any(_succeeds(way) for way in ways):
        raise PermissionError


def _outlive() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0):
        raise PermissionError


def _start_threads(count: int) -> None:
    """Start threads until there are `count`; they wait, then end together. RuntimeError if one cannot be started."""
    over, before, running = _thread.allocate_lock(), _thread.stack_size(STACK), _thread._count()
    over.acquire()
    try:
        for _ in range(count - 1):  # the main thread is the first
            _thread.start_new_thread(_wait_for, (over,))
    finally:
        _thread.stack_size(before)
        over.release()
        while _thread._count() > running:
            time.sleep(0.0002)


def _wait_for(lock: _thread.LockType) -> None:
    with lock:
        pass
