"""Write files that appear whole or not at all, and hold locks between processes, on every operating system."""

import contextlib
import errno
import io
import itertools
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TextIO

from grader.errors import GraderError

APPLICATION = "deep-grade"
LOCK_SECONDS = 60.0  # on Windows, where the lock is polled; a write takes milliseconds
LINK = "it is a link, and nothing is written through one; name the file that it points to, or remove the link"
STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK


def user_data_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """The folder for this user's data of the grader: below XDG_DATA_HOME if it is set, else the platform's default."""
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


def cannot_write(path: Path | str, error: OSError, advice: str = "") -> GraderError:
    """The error for a file that cannot be written. `advice` is what to do next, where the reason does not say it."""
    reason = error.strerror or str(error)
    return GraderError(f"cannot write {path}: {reason}" + (f"; {advice}" if advice and reason != LINK else ""))


@contextlib.contextmanager
def replacing(path: Path, is_private: bool = False, is_lasting: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file to write; when it is complete it replaces the file at `path`, and on failure it is removed.

    The temporary file is a new one in the same folder, which nobody can have planted. If `path` itself is a link, even
    a dangling one, it is refused: its target is not ours to write to. Links in the folders above it are the user's
    choice. A file that has a second name (a hard link) keeps its old content under that name. A device or a pipe, such
    as /dev/null or /dev/stdout, is written into: replacing it would take it away from everybody else.

    `is_private` makes a new file readable by its owner only; a file that replaces another takes over its permissions.
    `is_lasting` waits until the data is on the disk; turn it off for files that can be made again. Raises OSError.
    """
    before = _seen(path)
    if _own_descriptor(path) is None and (before is None or stat.S_ISREG(before.st_mode)):
        with _taking_the_place(path, before, 0o600 if is_private else 0o666, is_lasting) as file:
            yield file
    else:
        with os.fdopen(_opened(path, 0), "wb") as file:
            yield file


@contextlib.contextmanager
def replacing_text(path: Path, newline: str | None = None, **how: bool) -> Iterator[TextIO]:
    """`replacing` for UTF-8 text."""
    with replacing(path, **how) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline=newline)
        yield text
        text.flush()
        text.detach()


def write_whole(path: Path, content: bytes, **how: bool) -> None:
    """Write a whole file in one step (see `replacing`): a concurrent reader sees either the old or the new content."""
    with replacing(path, **how) as file:
        file.write(content)


def begun(path: Path) -> None:
    """Create an empty file that only its owner can read, unless the file exists already. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, NEW, 0o600))


def append_to(path: Path, text: str) -> None:
    """Append text to a file, such as a CI platform's summary file. No link is followed. Raises OSError."""
    _seen(path)
    with os.fdopen(_opened(path, os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(text.encode())


def kept_aside(path: Path, suffix: str, name: Path | None = None) -> Path:
    """Copy a file to the first free name of attention.py.bak, attention.py.2.bak, … and return that. Raises OSError.

    The copy lies beside the file, or beside `name` and is called after that.
    """
    name = name or path
    rights = _seen(path) or path.stat()
    content = path.read_bytes()
    for number in itertools.count(1):
        aside = name.with_name(f"{name.name}{f'.{number}' if number > 1 else ''}{suffix}")
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(aside, NEW, rights.st_mode & 0o777)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.utime(
                    descriptor if os.utime in os.supports_fd else aside, ns=(rights.st_atime_ns, rights.st_mtime_ns)
                )
            return aside
    raise AssertionError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file that other processes wait for. On a file system without locks, go on without one."""
    with os.fdopen(_opened(path, os.O_APPEND | os.O_CREAT), "ab") as file:
        _lock(file.fileno())
        yield  # closing the file releases the lock


def _seen(path: Path) -> os.stat_result | None:
    """The status of the file at a path, None if there is none; OSError for a link."""
    if _own_descriptor(path) is not None:
        return os.stat(path)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, LINK)
    return found


def _own_descriptor(path: Path) -> int | None:
    """The descriptor that a path such as /dev/stdout or /dev/fd/63 stands for, None for any other path.

    These are links, too, but nobody can have planted them, and they lead to what this process was given."""
    if found := re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,9})", str(path)):
        return int(found[1])
    return STREAMS.get(str(path))


def _opened(path: Path, how: int) -> int:
    """A descriptor for writing into the file that is there, which is not truncated. Follows no link. Raises OSError."""
    if (number := _own_descriptor(path)) is not None:
        sys.stdout.flush()
        return os.dup(number)  # opening it again would start writing at the beginning of the file
    try:
        descriptor = os.open(path, os.O_WRONLY | how | NO_LINK, 0o666)
    except OSError as error:
        raise OSError(error.errno, LINK if error.errno == errno.ELOOP else error.strerror) from None
    if not how and stat.S_ISREG(os.fstat(descriptor).st_mode):  # it has appeared since it was checked
        os.close(descriptor)
        raise OSError(errno.EEXIST, "another file was put in its place")
    return descriptor


@contextlib.contextmanager
def _taking_the_place(path: Path, before: os.stat_result | None, mode: int, is_lasting: bool) -> Iterator[BinaryIO]:
    part = path.with_name(f".grade-{os.urandom(16).hex()}.part")  # short, so that it is legal whatever the name
    descriptor = os.open(part, NEW, mode)  # reduced by the user's umask
    try:
        with os.fdopen(descriptor, "wb") as file:
            if before and hasattr(os, "fchown") and before.st_uid == os.geteuid():
                _with_rights(file.fileno(), before)
            yield file
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
        patient(lambda: os.replace(part, path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _with_rights(descriptor: int, before: os.stat_result) -> None:
    """Give a new file the permissions and group of the one it replaces; no group rights if it cannot have the group."""
    rights = before.st_mode & 0o777
    if os.fstat(descriptor).st_gid != before.st_gid:
        try:
            os.fchown(descriptor, -1, before.st_gid)
        except OSError:
            rights &= ~0o070
    os.fchmod(descriptor, rights)


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
    """Call `step`, retrying on Windows for some seconds while another process has the file open (PermissionError)."""
    end = time.monotonic() + seconds
    while True:
        try:
            return step()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > end:
                raise
        time.sleep(0.01)
