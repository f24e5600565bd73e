"""Temporary folders that last as long as a command, and the removal of those that a killed grader left behind.

A folder is removed by its descriptor, so that no link is followed, and by another process only where all of this proves that
a grader made it and has ended: the form of its name, its owner, its rights, a marker inside that names this very folder, and
a lock on the marker that its maker holds as long as it lives. Imports nothing heavy: the sandbox starts with it.
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no locks that end with a process, so that nothing is swept
    fcntl = None  # type: ignore[assignment]

PREFIX = "deep-grade-"
NAME = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")  # as tempfile.mkdtemp names it
MARKER = "made-by-deep-grade"
WORK = "work"  # inside the folder: what lies there, and who may write there, never touches the marker
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
MAX_MARKER = 1024  # bytes: it holds two names and a number


class Scratch:
    """An empty folder of this process's own, called `name`; it goes with all that is in it when it is closed.

    It lies in the temporary directory, or in `place`. What killed graders have left there goes first.
    """

    def __init__(self, place: str | None = None):
        place = os.path.abspath(place or tempfile.gettempdir())
        sweep(place)
        top = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        self.name = os.path.join(top, WORK)
        os.mkdir(self.name, 0o700)
        if fcntl:
            folder = os.open(top, FOLDER)
            self._end = weakref.finalize(
                self, _close, top, folder, _claimed(folder, os.path.basename(top)), os.getpid()
            )
        else:
            self._end = weakref.finalize(self, shutil.rmtree, top, ignore_errors=True)

    def let_through(self) -> None:
        """Let others, who cannot list it, reach what is theirs in it: workers that are users of their own."""
        for folder in (self.name, os.path.dirname(self.name)):
            os.chmod(folder, 0o711)

    def close(self) -> None:
        """Take the folder away; once is enough, and again does no harm."""
        self._end()

    def __fspath__(self) -> str:
        return self.name

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *exception: object) -> None:
        self.close()


def keep(folder: Path, content: bytes, suffix: str = "") -> Path:
    """A new file in a scratch folder, which none of its names comes from outside; it raises OSError."""
    descriptor, name = tempfile.mkstemp(suffix, dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)


def sweep(place: str) -> None:
    """Take away the folders of graders that were killed before they could; what is not proven to be one stays."""
    if not fcntl:
        return
    with contextlib.suppress(OSError):
        above = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in os.listdir(above):
                if NAME.fullmatch(name):
                    _sweep_one(above, name)
        finally:
            os.close(above)


def _sweep_one(above: int, name: str) -> None:
    with contextlib.suppress(OSError):  # somebody else's, in use, or gone this moment
        folder = os.open(name, FOLDER, dir_fd=above)
        try:
            if (lock := _left(folder, name)) is not None:
                try:
                    _take_away(folder, above, name)
                finally:
                    os.close(lock)
        finally:
            os.close(folder)


def _claim(folder: os.stat_result, name: str) -> bytes:
    """What a marker says: a copy of a folder or a renamed one is none of ours, nor is one whose lock another machine holds."""
    return f"{name}\n{folder.st_ino}\n{os.uname().nodename}\n".encode()


def _claimed(folder: int, name: str) -> int:
    """Put the marker into a new folder; returns the descriptor whose lock says that the folder is in use.

    The marker gets its name when it is complete and locked: there is no moment at which a sweep could take it for left.
    Where the file system has no locks there is no marker, and nobody sweeps the folder.
    """
    fresh = f"{MARKER}.new"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    os.write(descriptor, _claim(os.fstat(folder), name))
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(fresh, MARKER, src_dir_fd=folder, dst_dir_fd=folder)
    return descriptor


def _left(folder: int, name: str) -> int | None:
    """The lock of a folder that a grader of this user made and no grader uses any more; None if that is not proven."""
    made = os.fstat(folder)
    if made.st_uid != os.geteuid() or made.st_mode & 0o066:
        return None
    marker = os.open(MARKER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        found = os.fstat(marker)
        is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1
        if is_ours and os.read(marker, MAX_MARKER) == _claim(made, name):
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(marker).st_nlink:  # else another sweep has just taken it away
                marker, lock = -1, marker
                return lock
        return None
    finally:
        if marker >= 0:
            os.close(marker)


def _close(top: str, folder: int, lock: int, maker: int) -> None:
    """What a folder's maker does at its end; a process that was forked from it has no part in the folder."""
    if os.getpid() == maker:
        with contextlib.suppress(OSError):
            above = os.open(os.path.dirname(top), os.O_RDONLY | os.O_DIRECTORY)
            try:
                _take_away(folder, above, os.path.basename(top))
            finally:
                os.close(above)
    os.close(folder)
    os.close(lock)


def _take_away(folder: int, above: int, name: str) -> None:
    """Empty a folder and remove it from the one above. The marker goes last: what is left half done is swept later."""
    waiting = _moved_up(folder, folder, (MARKER,))
    while waiting:
        inner = waiting.pop()
        with contextlib.suppress(OSError):
            descriptor = os.open(inner, FOLDER, dir_fd=folder)
            try:
                waiting += _moved_up(descriptor, folder)
            finally:
                os.close(descriptor)
            os.rmdir(inner, dir_fd=folder)
    if os.listdir(folder) in ([MARKER], []):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(MARKER, dir_fd=folder)
        if os.path.samestat(os.stat(name, dir_fd=above, follow_symlinks=False), os.fstat(folder)):
            os.rmdir(name, dir_fd=above)


def _moved_up(source: int, folder: int, but: Collection[str] = ()) -> list[str]:
    """Remove the files of a folder and move its folders into the top one, to be emptied there; returns their new names.

    So no tree is too deep; and what is mounted somewhere cannot be moved, so that nothing behind it is reached.
    """
    moved = []
    for name in os.listdir(source):
        with contextlib.suppress(OSError):
            if name in but:
                continue
            if stat.S_ISDIR(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode):
                with contextlib.suppress(OSError, NotImplementedError):  # a folder without rights cannot be moved
                    os.chmod(name, 0o700, dir_fd=source, follow_symlinks=False)
                fresh = os.urandom(16).hex()
                os.rename(name, fresh, src_dir_fd=source, dst_dir_fd=folder)
                moved.append(fresh)
            else:
                os.unlink(name, dir_fd=source)
    return moved
