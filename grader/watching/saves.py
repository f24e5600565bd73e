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
SELDOM = 0.5  # where the system tells of changes by itself: network folders may not
QUIET = 0.08  # a file that looks half-written is taken as it is when nothing was written for so long
PATIENCE = 2.0

Signature = tuple[int, int, int] | None


def signature(path: Path) -> Signature:
    """What changes with every save: time, size and, for editors that rename, the file's number; None if it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Files:
    """Some files and how they looked when they were last read."""

    def __init__(self) -> None:
        self._seen: dict[Path, Signature] = {}

    def note(self, paths: Sequence[Path]) -> None:
        """Take these files as they are now. Call it before they are read: a save meanwhile is then noticed."""
        self._seen |= {path: signature(path) for path in paths}

    def __contains__(self, path: Path) -> bool:
        return path in self._seen

    def changed(self) -> list[Path]:
        """The files that are there and are not as they were noted."""
        return [path for path, seen in self._seen.items() if (now := signature(path)) is not None and now != seen]


def settle(path: Path, is_whole: Callable[[], bool]) -> None:
    """Return when a file is worth reading: at once if it is whole, else when nothing has been written for a moment."""
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
    """(a descriptor that can be read when something changed, seconds to wait for it); -1 where watchfiles is not there."""
    try:
        import watchfiles
    except ImportError:
        yield -1, POLL
        return
    heard, tell = os.pipe()
    stop = threading.Event()

    def listen() -> None:
        with contextlib.suppress(Exception):  # too many watches, a folder taken away: the slow look goes on
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
    """Those of the descriptors that can be read, as soon as one can, or none after some seconds."""
    if not descriptors or sys.platform == "win32":  # there, only sockets can be waited for
        time.sleep(min(seconds, POLL))
        return []
    return select.select(descriptors, [], [], seconds)[0]
