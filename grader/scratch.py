"""Temporary folders that last as long as a command, and the removal of those that a killed grader left behind.

A folder is removed by its descriptor, so that no link is followed. Another process removes it only if all of this shows
that a grader made it and has ended: the form of its name, its owner, its permissions, a marker inside that names this
very folder, and a lock on the marker, which its maker holds until it ends. Imports nothing heavy, because the sandbox
starts with it.
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
except ImportError:  # Windows has no locks that end with a process, so nothing is swept there
    fcntl = None  # type: ignore[assignment]

PREFIX = "deep-grade-"
NAME = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")  # as tempfile.mkdtemp names it
MARKER = "made-by-deep-grade"
WORK = "work"  # the folder inside, for the actual content: whoever can write there cannot touch the marker
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
MAX_MARKER = 1024  # bytes: it holds two names and a number


class Scratch:
    """A new, empty temporary folder of this process; `name` is its path. Closing it removes it with everything in it.

    It lies in `place`, by default the system's temporary directory. Folders that killed graders left there are removed
    first.
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
        """Let other users pass through the folder without listing it, for workers that run as separate users."""
        for folder in (self.name, os.path.dirname(self.name)):
            os.chmod(folder, 0o711)

    def close(self) -> None:
        """Remove the folder. Calling it again does nothing."""
        self._end()

    def __fspath__(self) -> str:
        return self.name

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *exception: object) -> None:
        self.close()


def keep(folder: Path, content: bytes, suffix: str = "") -> Path:
    """Write a new file with a random name into a scratch folder and return its path. Raises OSError."""
    descriptor, name = tempfile.mkstemp(suffix, dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)


def sweep(place: str) -> None:
    """Remove the folders that killed graders left in `place`; a folder that is not proven to be one stays."""
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
    with contextlib.suppress(OSError):  # it is another user's, or in use, or has just gone
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
    """A marker's content: name, inode and host, so that no copied or renamed folder and no other machine's matches."""
    return f"{name}\n{folder.st_ino}\n{os.uname().nodename}\n".encode()


def _claimed(folder: int, name: str) -> int:
    """Put the marker into a new folder; returns its descriptor, whose lock shows that the folder is in use.

    The marker gets its name only when it is complete and locked, so that a concurrent sweep never takes it for
    abandoned. On a file system without locks there is no marker, and the folder is never swept.
    """
    fresh = f"{MARKER}.new"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    os.write(descriptor, _claim(os.fstat(folder), name))
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(fresh, MARKER, src_dir_fd=folder, dst_dir_fd=folder)
    return descriptor


def _left(folder: int, name: str) -> int | None:
    """Lock a folder that a grader of this user made and that is no longer in use; None if that is not proven."""
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
    """Remove a folder when the process that made it ends; does nothing in a process that was forked from that one."""
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
    """Empty a folder and remove it from the one above. The marker goes last, so that a later sweep can finish."""
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
    """Remove a folder's files and move its subfolders into the top folder, to be emptied there; return their new names.

    So no tree is too deep, and nothing behind a mount point is touched, because a mount point cannot be moved.
    """
    moved = []
    for name in os.listdir(source):
        with contextlib.suppress(OSError):
            if name in but:
                continue
            if stat.S_ISDIR(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode):
                with contextlib.suppress(OSError, NotImplementedError):  # a folder without permissions cannot be moved
                    os.chmod(name, 0o700, dir_fd=source, follow_symlinks=False)
                fresh = os.urandom(16).hex()
                os.rename(name, fresh, src_dir_fd=source, dst_dir_fd=folder)
                moved.append(fresh)
            else:
                os.unlink(name, dir_fd=source)
    return moved
