"""Notice that a file was saved, whichever way the editor does it, and read it once it is complete."""

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

POLL = 0.05  # seconds between two looks at the files
SELDOM = 0.5  # the same where the system reports changes, since it may not for network folders
QUIET = 0.08  # seconds without a write after which a file that looks half-written is read anyway
PATIENCE = 2.0

Signature = tuple[int, int, int] | None


def signature(path: Path) -> Signature:
    """What every save changes: time, size and, for editors that rename, the inode; None if the file does not exist."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Files:
    """The watched files, each with its signature when it was last read."""

    def __init__(self) -> None:
        self._seen: dict[Path, Signature] = {}

    def note(self, paths: Sequence[Path]) -> None:
        """Record these files' current signatures. Call it before reading them, so that a save meanwhile is noticed."""
        self._seen |= {path: signature(path) for path in paths}

    def __contains__(self, path: Path) -> bool:
        return path in self._seen

    def changed(self) -> list[Path]:
        """The files that exist and have changed since they were noted."""
        return [path for path, seen in self._seen.items() if (now := signature(path)) is not None and now != seen]


def settle(path: Path, is_whole: Callable[[], bool]) -> None:
    """Wait until a file can be read: not at all if it is whole, else until nothing has been written for a moment."""
    start = quiet_since = time.monotonic()
    before = signature(path)
    while not is_whole():
        time.sleep(POLL / 5)
        now, at = signature(path), time.monotonic()
        if now != before:
            before, quiet_since = now, at
        if at - quiet_since > QUIET and (now is not None or at - start > PATIENCE):
            return


@contextlib.contextmanager
def notices(folders: Sequence[Path]) -> Iterator[tuple[int, float]]:
    """(a descriptor that becomes readable on a change, seconds to wait for it); -1 if watchfiles is not installed."""
    try:
        import watchfiles
    except ImportError:
        yield -1, POLL
        return
    heard, tell = os.pipe()
    stop = threading.Event()

    def listen() -> None:
        with contextlib.suppress(Exception):  # too many watches, or a folder is gone: polling goes on
            for _ in watchfiles.watch(
                *folders, recursive=False, step=5, debounce=10, rust_timeout=200, stop_event=stop
            ):
                os.write(tell, b".")

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield heard, SELDOM
    finally:
        stop.set()
        thread.join(1)
        for descriptor in (heard, tell):
            os.close(descriptor)


def wait(descriptors: Sequence[int], seconds: float) -> list[int]:
    """Wait for descriptors: those that are readable, as soon as one is, or none after the timeout."""
    if not descriptors or sys.platform == "win32":  # where select takes only sockets
        time.sleep(min(seconds, POLL))
        return []
    return select.select(descriptors, [], [], seconds)[0]
