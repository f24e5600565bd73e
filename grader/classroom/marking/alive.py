"""Which of the graders that work on one store are still alive: by process on this machine, by heartbeat on others."""

import contextlib
import os
import socket
import time

SILENCE = 60  # seconds without a heartbeat after which a grader on another machine counts as dead


def machine() -> str:
    """An identifier of this machine's current boot, within which process numbers are comparable."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id") as file:
            parts.append(file.read().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def born(pid: int) -> str:
    """When a process started, if the system says so; it distinguishes processes that reuse a number."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except OSError:
        return ""


def is_alive(where: str, pid: int, since: str, beat: float) -> bool:
    """Whether a grader is alive, by its machine, its process, when that started, and its last heartbeat."""
    if where != machine():
        return time.time() - beat < SILENCE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not since or born(pid) == since
