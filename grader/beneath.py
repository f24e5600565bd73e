"""Read files below a folder by descriptor: no link is followed in any path component, and only regular files are read.

The folder itself is the word of whoever runs the grader, and may be reached through links. What lies below it is not.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from grader.errors import GraderError

IS_EXACT = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")  # not on Windows
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# O_NONBLOCK: neither a FIFO's writer nor the holder of a lease is waited for
FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT


class Why(StrEnum):
    """Why a file's bytes cannot be had; the values are words that follow its name."""

    LINK = "it is a link, and links are not followed"
    IRREGULAR = "it is not a regular file"
    LARGE = "it is larger than {limit}"
    ABSENT = "it is not there any more"
    CHANGED = "it changed while it was looked at"
    FAILED = "it cannot be read ({error})"


class Refusal(GraderError):
    """A file that is not read. The message follows the file's name; `why` says of which kind it is."""

    def __init__(self, why: Why, limit: int = 0, error: str = ""):
        super().__init__(why.format(limit=f"{limit >> 20} MB", error=error))
        self.why, self.error = why, error

    @property
    def may_pass(self) -> bool:
        """Whether it is the reader's trouble, or a moment's: the next look may go better."""
        return self.why in (Why.ABSENT, Why.CHANGED, Why.FAILED)


@dataclass(frozen=True)
class Beneath:
    """A file or a folder below `root`, by the names that lead to it."""

    root: Path
    parts: tuple[str, ...] = ()

    def __truediv__(self, name: str) -> "Beneath":
        return Beneath(self.root, (*self.parts, name))

    def read(self, limit: int) -> bytes:
        """All of its bytes; Refusal if they cannot be had, or are more than `limit`."""
        with self.open(limit) as file:
            try:
                content = file.read(limit + 1)
            except OSError as error:
                raise _refusal(error) from None
        if len(content) > limit:  # it grew since it was opened
            raise Refusal(Why.LARGE, limit)
        return content

    def open(self, limit: int) -> BinaryIO:
        """Its bytes as a stream; Refusal unless it is a regular file of at most `limit` bytes."""
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
        """What a folder holds, by name: (name, "folder", "file", "link" or "other"); Refusal if it cannot be listed."""
        try:
            with _folder(self.root, self.parts) as here:
                # O_PATH may only be gone through; a list needs the right to read
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
            _admit(os.stat(name, dir_fd=here, follow_symlinks=False))  # to open a device can already do something
            return os.open(name, FILE | os.O_NOFOLLOW, dir_fd=here)


@contextlib.contextmanager
def _folder(root: Path, parts: tuple[str, ...] | list[str]) -> Iterator[int | str]:
    """A folder below the root: its descriptor, or its path where there are none; OSError or Refusal."""
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
    """Without descriptors of folders: each component is looked at, which leaves a moment between look and use."""
    for part in parts:
        path = os.path.join(path, part)
        if _is_link(os.lstat(path)):
            raise Refusal(Why.LINK)
    return path


def _opened_by_name(path: str) -> int:
    """Without O_NOFOLLOW: what was opened must be what was looked at."""
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
