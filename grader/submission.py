"""A submission: a student's file, read as bytes and never run on this side."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError

MAX_BYTES = 1 << 20  # a unit's stubs are 20 kB; a megabyte is no honest solution


class SubmissionError(GraderError):
    """A file that cannot be taken as a submission; the message says why and what to do."""


@dataclass(frozen=True)
class Submission:
    """`name` is the path as given, `file` what its frames are called in tracebacks, `source` the bytes that count."""

    name: str
    source: bytes

    @property
    def file(self) -> str:
        return os.path.basename(self.name)

    def line(self, number: int) -> str:
        """One line of the source, for showing, stripped; empty if there is none."""
        lines = self.source.decode("utf-8", "replace").splitlines()
        return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""

    def defines(self, name: str) -> bool:
        """Whether the text looks as if it defined a function or class of that name; a guess, nothing is parsed."""
        return (
            re.search(rb"^\s*(def|class)\s+" + re.escape(name.encode()) + rb"\b", self.source, re.MULTILINE) is not None
        )


def read(path: str | Path) -> Submission:
    """Read a .py file; SubmissionError unless it is a regular file of at most a megabyte."""
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(f"{path} is not a regular file; name a .py file")
        source = file.read(MAX_BYTES + 1)
    if len(source) > MAX_BYTES:
        raise SubmissionError(f"{path} is larger than {MAX_BYTES >> 20} MB; is this the right file?")
    return Submission(str(path), source)
