"""Read files below a folder by descriptor: no link is followed in any path component, and only regular files are read.

The folder itself is named by whoever runs the grader, so its own path may contain links. What lies below it is
untrusted.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from grader.errors import GraderError
from grader.frozen import frozen

IS_EXACT = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")  # not on Windows
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# O_NONBLOCK: do not wait for a FIFO's writer, nor for the holder of a lease
FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT


class Why(StrEnum):
    """Why a file cannot be read; each value is the clause that follows the file's name in a message."""

    LINK = "it is a link, and links are not followed"
    IRREGULAR = "it is not a regular file"
    LARGE = "it is larger than {limit}"
    ABSENT = "it is not there any more"
    CHANGED = "it changed while it was looked at"
    FAILED = "it cannot be read ({error})"


class Refusal(GraderError):
    """A file was refused or cannot be read. The message is a clause to follow its name; `why` is the kind of reason."""

    def __init__(self, why: Why, limit: int = 0, error: str = ""):
        super().__init__(why.format(limit=f"{limit >> 20} MB", error=error))
        self.why, self.error = why, error

    @property
    def may_pass(self) -> bool:
        """Whether reading the file again may succeed: it is absent, it changed, or the system refused this time."""
        return self.why in (Why.ABSENT, Why.CHANGED, Why.FAILED)


@frozen
class Beneath:
    """A file or folder below `root`: `parts` are the names on the path to it, as in `Beneath(root, ("a", "b.py"))`."""

    root: Path
    parts: tuple[str, ...] = ()

    def __truediv__(self, name: str) -> "Beneath":
        return Beneath(self.root, (*self.parts, name))

    def read(self, limit: int) -> bytes:
        """All bytes of the file; Refusal if it cannot be read or has more than `limit` bytes."""
        with self.open(limit) as file:
            try:
                content = file.read(limit + 1)
            except OSError as error:
                raise _refusal(error) from None
        if len(content) > limit:  # it grew since it was opened
            raise Refusal(Why.LARGE, limit)
        return content

    def open(self, limit: int) -> BinaryIO:
        """The file's bytes as a stream; Refusal unless it is a regular file of at most `limit` bytes."""
        try:
            file = os.fdopen(self._descriptor(), "rb")
        except OSError as error:
            raise _refusal(error) from None
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            file.close()
            raise Refusal(Why.LARGE if stat.S_ISREG(status.st_mode) else Why.IRREGULAR, limit)
        return file

    def listed(self) -> list[tuple[str, str]]:
        """A folder's entries, sorted: (name, "folder" | "file" | "link" | "other"). Refusal if it cannot be listed."""
        try:
            with _folder(self.root, self.parts) as here:
                # a descriptor opened with O_PATH cannot be listed
                listing = os.open(".", (FOLDER & ~getattr(os, "O_PATH", 0)), dir_fd=here) if IS_EXACT else None
                try:
                    with os.scandir(here if listing is None else listing) as items:
                        return sorted((item.name, _kind(item)) for item in items)
                finally:
                    if listing is not None:
                        os.close(listing)
        except OSError as error:
            raise _refusal(error) from None

    def _descriptor(self) -> int:
        *above, name = self.parts
        with _folder(self.root, above) as here:
            if not IS_EXACT:
                return _opened_by_name(os.path.join(here, name))
            _admit(os.stat(name, dir_fd=here, follow_symlinks=False))  # first: opening a device can have effects
            return os.open(name, FILE | os.O_NOFOLLOW, dir_fd=here)


@contextlib.contextmanager
def _folder(root: Path, parts: tuple[str, ...] | list[str]) -> Iterator[int | str]:
    """Open a folder below the root: its descriptor, or its path on systems without these; OSError or Refusal."""
    if not IS_EXACT:
        yield _folder_by_name(os.fspath(root), parts)
        return
    here = os.open(root, FOLDER)
    try:
        for part in parts:
            if stat.S_ISLNK(os.stat(part, dir_fd=here, follow_symlinks=False).st_mode):
                raise Refusal(Why.LINK)
            inner = os.open(part, FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


def _folder_by_name(path: str, parts: tuple[str, ...] | list[str]) -> str:
    """For systems without folder descriptors: check each component by name, with a gap between check and use."""
    for part in parts:
        path = os.path.join(path, part)
        if _is_link(os.lstat(path)):
            raise Refusal(Why.LINK)
    return path


def _opened_by_name(path: str) -> int:
    """For systems without O_NOFOLLOW: open by name, then make sure that the same file was opened as was checked."""
    before = os.lstat(path)
    _admit(before)
    descriptor = os.open(path, FILE)
    after = os.fstat(descriptor)
    if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
        os.close(descriptor)
        raise Refusal(Why.CHANGED)
    return descriptor


def _admit(status: os.stat_result) -> None:
    if _is_link(status):
        raise Refusal(Why.LINK)
    if not stat.S_ISREG(status.st_mode):
        raise Refusal(Why.IRREGULAR)


def _is_link(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == JUNCTION


def _kind(item: os.DirEntry) -> str:
    if item.is_symlink() or (sys.platform == "win32" and _is_link(item.stat(follow_symlinks=False))):
        return "link"
    if item.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if item.is_file(follow_symlinks=False) else "other"


def _refusal(error: OSError) -> Refusal:
    if error.errno == errno.ELOOP:
        return Refusal(Why.LINK)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Refusal(Why.ABSENT)
    if error.errno == errno.ENXIO:  # a socket
        return Refusal(Why.IRREGULAR)
    return Refusal(Why.FAILED, error=error.strerror or str(error))
