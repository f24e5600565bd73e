"""A submission: a student's file, read as bytes and never run on this side."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.text import one_line

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

    def defines(self, name: str) -> bool:
        """Whether the text looks as if it defined a function or class of that name; a guess, nothing is parsed."""
        return re.search(rb"\b(def|class)\s+" + re.escape(name.encode()) + rb"\b", self.source) is not None


@dataclass(frozen=True)
class Listing:
    """The code as the student sees it: lines, and for a notebook the first line and the number of each code cell."""

    lines: Sequence[str]
    cells: Sequence[tuple[int, int]] = ()

    def place(self, line: int) -> str:
        """`at line 12: the code there`; in a notebook `in cell 3, line 4: the code there`."""
        text = one_line(self.lines[line - 1], 120) if 0 < line <= len(self.lines) else ""
        where = f"at line {line}"
        for first, number in self.cells:
            if first <= line:
                where = f"in code cell {number}, line {line - first + 1}"
        return f"{where}: `{text}`" if text else where


def read(path: str | Path) -> Submission:
    """Read a .py file or a notebook; SubmissionError unless it is a regular file of at most a megabyte."""
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(f"{path} is not a regular file; name a .py file or a notebook")
        source = file.read(MAX_BYTES + 1)
    if len(source) > MAX_BYTES:
        raise SubmissionError(f"{path} is larger than {MAX_BYTES >> 20} MB; is this the right file?")
    return Submission(str(path), source)
