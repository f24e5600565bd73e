"""A worker's resource limits. It sets them itself before it reads a submission; then the kernel enforces them."""

import contextlib
import os
import signal
from dataclasses import asdict, dataclass
from typing import Any

try:
    import resource
except ImportError:  # Windows has none; the time limit is enforced from outside on every system
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Limits:
    """What one worker may use. `seconds` is the wall time for each exercise, enforced by the grader."""

    seconds: float = 10.0  # a reference takes milliseconds; loops on a slow, busy laptop still end within this
    submission_seconds: float = 120.0  # wall time for a whole submission: a dozen exercises that all time out
    cpu_seconds: int = 300  # over the whole submission; the wall clock of each exercise is the tighter bound
    memory: int = 2 << 30  # bytes beyond what Python and its packages take; 0 for no limit
    file_size: int = 16 << 20
    open_files: int = 64
    threads: int = 64  # including the main thread: enough for a thread pool, not for a fork bomb
    written: int = 64 << 20  # bytes written to all files; in `namespaces`, the size of its folder
    files: int = 1024  # in its folder
    output: int = 64 << 10  # bytes of printed output that are kept; more is read and dropped
    output_flood: int = 64 << 20  # bytes of printed output after which the worker is ended
    answer: int = 64 << 20  # bytes of one answer
    has_device: bool = False  # whether it uses an accelerator, whose driver needs more system calls

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def apply(limits: Limits, used: int = 0, tasks: int | None = None) -> None:
    """Set the limits on this process. What the system cannot limit is left to the grader.

    `used` is the address space in use now, for when /proc is not available. `tasks` is how many threads the kernel
    counts for this user already; None to find out.
    """
    if resource is None:
        return
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _set(resource.RLIMIT_FSIZE, limits.file_size)
    _set(resource.RLIMIT_NOFILE, limits.open_files)
    if limits.memory and (used := used or _address_space()):
        _set(resource.RLIMIT_AS, used + limits.memory)
    others = _tasks_of_user() if tasks is None else tasks
    if others is not None and hasattr(resource, "RLIMIT_NPROC"):
        _set(resource.RLIMIT_NPROC, others + limits.threads)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def kill(pid: int) -> None:
    """Kill a worker and everything it started in its session."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            end(pid, signal.SIGKILL)


def _set(which: int, soft: int, hard: int | None = None) -> None:
    _, ceiling = resource.getrlimit(which)
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (soft, hard))


def _address_space() -> int:
    """Bytes of address space in use now; 0 if the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _tasks_of_user() -> int | None:
    """How many threads of this user the kernel counts, without this one; None if /proc does not show them."""
    if not os.path.isdir("/proc/self"):
        return None
    user, count = os.getuid(), 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == user:
                    count += len(os.listdir(f"/proc/{entry.name}/task"))
    return max(count - 1, 0)
