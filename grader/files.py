"""Files that appear whole or not at all, and locks between processes, on every system."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

APPLICATION = "deep-grade"
LOCK_SECONDS = 60.0  # on Windows, where a lock is asked for again and again; a write takes milliseconds


def user_data_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where this user's own data of the grader belongs: XDG_DATA_HOME if it is set, else the platform's place."""
    if base := environment.get("XDG_DATA_HOME"):
        return Path(base) / APPLICATION
    if platform == "darwin":
        return home / "Library" / "Application Support" / APPLICATION
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / APPLICATION
    return home / ".local" / "share" / APPLICATION


def data_folder() -> Path:
    """`user_data_folder` of whoever runs this."""
    return user_data_folder(os.environ, sys.platform, Path.home())


def is_replaced(path: Path) -> bool:
    """Whether a new file may take a path's place. What is a device or a pipe, as /dev/null and /dev/stdout are, is written
    into: to put a file in its place would take it from everybody else."""
    return path.is_file() or not path.exists()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what takes a path's place once it is complete; what fails leaves nothing beside it. It raises OSError."""
    if not is_replaced(path):
        yield path
        return
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place in one step; whoever reads meanwhile sees the old one or the new one."""
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        patient(lambda: os.replace(part, path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def free_name(path: Path, suffix: str) -> Path:
    """A name beside a file that is not taken: attention.py.bak, attention.py.2.bak, …"""
    found, number = path.with_name(f"{path.name}{suffix}"), 2
    while found.exists():
        found, number = path.with_name(f"{path.name}.{number}{suffix}"), number + 1
    return found


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes wait for. A file system that has no locks is used without one."""
    with open(path, "ab") as file:
        _lock(file.fileno())
        yield  # closing the file lets go of it


def _lock(descriptor: int) -> None:
    with contextlib.suppress(OSError, ImportError):
        try:
            import fcntl
        except ImportError:  # Windows
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            patient(lambda: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1), LOCK_SECONDS)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def patient(step: Callable[[], None], seconds: float = 2.0) -> None:
    """Do what Windows refuses as long as somebody else has a file open: again and again, for some seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return step()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > end:
                raise
        time.sleep(0.01)
