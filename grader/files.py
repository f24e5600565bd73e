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
LOCK_SECONDS = 60.0  # on Windows, where a lock is asked for again and again; a write takes milliseconds
LINK = "it is a link, and nothing is written through one; name the file that it points to, or remove the link"
STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK


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


def cannot_write(path: Path | str, error: OSError, advice: str = "") -> GraderError:
    """The one sentence on a file that cannot be written. `advice` is what to do next, where the reason does not say it."""
    reason = error.strerror or str(error)
    return GraderError(f"cannot write {path}: {reason}" + (f"; {advice}" if advice and reason != LINK else ""))


@contextlib.contextmanager
def replacing(path: Path, is_private: bool = False, is_lasting: bool = True) -> Iterator[BinaryIO]:
    """A file to write, which takes a path's place once it is complete; what fails leaves nothing beside it.

    It is written beside its place, in a new file that nobody can have planted. A link in its place is refused, also one that
    leads nowhere: what is behind it is not ours to write to. Links in the folders above are the user's own way to say where.
    A file that has a second name (a hard link) keeps its old content under that one. A device or a pipe, as /dev/null and
    /dev/stdout are, is written into: a file in its place would take it from everybody else.

    `is_private` keeps a new file from other users; one that replaces ours has the rights of that one. `is_lasting` waits
    until it is on the disk: not for what can be made again. It raises OSError.
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
    """Put a file in its place in one step (see `replacing`); whoever reads meanwhile sees the old one or the new one."""
    with replacing(path, **how) as file:
        file.write(content)


def begun(path: Path) -> None:
    """An empty file that only its owner reads, where nothing is yet; what is there stays. It raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, NEW, 0o600))


def append_to(path: Path, text: str) -> None:
    """Add to what others have begun, as a platform's files are. No link is followed; it raises OSError."""
    _seen(path)
    with os.fdopen(_opened(path, os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(text.encode())


def kept_aside(path: Path, suffix: str, name: Path | None = None) -> Path:
    """A copy of a file, under a name that was not taken: attention.py.bak, attention.py.2.bak, …; it raises OSError.

    The copy lies beside the file, or has `name` for the file's own.
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
    """Hold a lock that other processes wait for. A file system that has no locks is used without one."""
    with os.fdopen(_opened(path, os.O_APPEND | os.O_CREAT), "ab") as file:
        _lock(file.fileno())
        yield  # closing the file lets go of it


def _seen(path: Path) -> os.stat_result | None:
    """What is in a path's place, None for nothing; OSError for a link."""
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
    """The number of the open file that a name of the system stands for: /dev/stdout, /dev/fd/63. These are links, too, but
    nobody can have planted them, and they mean what this process was given."""
    if found := re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,9})", str(path)):
        return int(found[1])
    return STREAMS.get(str(path))


def _opened(path: Path, how: int) -> int:
    """A descriptor to write into what is there; what it holds stays. It follows no link, and raises OSError."""
    if (number := _own_descriptor(path)) is not None:
        sys.stdout.flush()
        return os.dup(number)  # and not opened anew, which would begin at the start of a file
    try:
        descriptor = os.open(path, os.O_WRONLY | how | NO_LINK, 0o666)
    except OSError as error:
        raise OSError(error.errno, LINK if error.errno == errno.ELOOP else error.strerror) from None
    if not how and stat.S_ISREG(os.fstat(descriptor).st_mode):  # put there this moment
        os.close(descriptor)
        raise OSError(errno.EEXIST, "another file was put in its place")
    return descriptor


@contextlib.contextmanager
def _taking_the_place(path: Path, before: os.stat_result | None, mode: int, is_lasting: bool) -> Iterator[BinaryIO]:
    part = path.with_name(f".grade-{os.urandom(16).hex()}.part")  # short: beside a name of any length
    descriptor = os.open(part, NEW, mode)  # less what the user's umask takes
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
    """The rights of the file that is replaced, for its group, too; a group that cannot have it has no rights."""
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
    """Do what Windows refuses as long as somebody else has a file open: again and again, for some seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return step()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > end:
                raise
        time.sleep(0.01)
