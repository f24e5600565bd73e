"""No process outlives its test: what the tests of a module have started, and was not ended, is named and ended.

A process is the suite's own where pytest is among its ancestors, or where it has inherited the mark that `marked` puts into
the environment: that one still finds a process whose parent has gone. Kept are processes that serve the whole session.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MARK = "GRADE_TESTS_OF"
PYTHONS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")  # Python's own, which end with it
PATIENCE = 3.0  # seconds that a process has to end in, once its test is over


def marked() -> str:
    """Mark all that this process starts from now on; returns what /proc shows of the mark."""
    os.environ[MARK] = str(os.getpid())
    return f"{MARK}={os.getpid()}"


def unmarked() -> dict[str, str]:
    """An environment for what serves the whole session."""
    return {name: value for name, value in os.environ.items() if name != MARK}


def descendants(root: int) -> set[int]:
    """All that a process has started and that is still alive; empty where the system does not tell."""
    found, new = set(), {root}
    while new:
        lists = [path for pid in new for path in Path(f"/proc/{pid}/task").glob("*/children")]
        new = {int(child) for path in lists for child in _read(path).split()} - found
        found |= new
    return {pid for pid in found if is_alive(pid)}


def bearers(mark: str) -> set[int]:
    """The processes that bear a mark, wherever they hang."""
    pids = {int(path.name) for path in Path("/proc").glob("[0-9]*")} - {os.getpid()}
    return {pid for pid in pids if mark in _read(Path(f"/proc/{pid}/environ")).split("\0") and is_alive(pid)}


def left(look: Callable[[], set[int]], patience: float = PATIENCE) -> dict[int, str]:
    """What is still there after a while, by its number, with its command; nothing of Python's own."""
    end = time.monotonic() + patience
    while (found := {pid: command(pid) for pid in look()}) and time.monotonic() < end:
        if all(any(name in command for name in PYTHONS) for command in found.values()):
            break
        time.sleep(0.02)
    return {pid: text for pid, text in found.items() if text and not any(name in text for name in PYTHONS)}


def end(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A process that is gone when its test is over, however that ends."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def is_alive(pid: int) -> bool:
    """Whether it runs: one that has ended, and for which its parent has not asked yet, does not."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def command(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ").strip()[:200]


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""
