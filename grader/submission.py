"""A submission: a student's file, read as bytes and never run in the grader's own process."""

import errno
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from grader.beneath import Beneath, Refusal, Why
from grader.errors import GraderError
from grader.frozen import frozen
from grader.text import one_line

MAX_BYTES = 1 << 20  # a unit's stubs are 20 kB; a megabyte, helpers included, is no honest solution
MAX_HELPERS = 20
IMPORTED = re.compile(rb"\b(?:from|import)\s+([A-Za-z_]\w*)")


class SubmissionError(GraderError):
    """A file that cannot be taken as a submission; the message says why and what to do, `why` is the kind of reason."""

    def __init__(self, message: str, why: Why = Why.FAILED):
        super().__init__(message)
        self.why = why

    @property
    def is_absent(self) -> bool:
        return self.why is Why.ABSENT


class Readable(Protocol):
    """A source of bytes; `read` raises Refusal if it cannot be read or has more than `limit` bytes."""

    def read(self, limit: int) -> bytes: ...


@frozen
class Submission:
    """What a student handed in. `name` is the path as given, `source` the file's bytes, `file` its name in tracebacks.

    `helpers` are the student's own modules that lie beside the file and are imported by it: (module name, bytes).
    """

    name: str
    source: bytes
    helpers: tuple[tuple[str, bytes], ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of everything that will run: of the file, and of its helpers if it has any."""
        hashed = hashlib.sha256(self.source)
        for name, content in self.helpers:
            hashed.update(b"\0" + name.encode() + b"\0" + content)
        return hashed.hexdigest()

    @property
    def file(self) -> str:
        return os.path.basename(self.name)

    def defines(self, name: str) -> bool:
        """Whether the text looks as if it defined a function or class of that name; a guess, nothing is parsed."""
        return re.search(rb"\b(def|class)\s+" + re.escape(name.encode()) + rb"\b", self.source) is not None

    def mentions(self, name: str) -> bool:
        """Whether a name occurs anywhere in the file, or may come from a module beside it."""
        return bool(self.helpers) or re.search(rb"\b" + re.escape(name.encode()) + rb"\b", self.source) is not None

    def imports(self, package: str) -> bool:
        """Whether the file looks as if it imported a package or a module of it; a guess, nothing is parsed."""
        word = re.escape(package.encode())
        return (
            re.search(rb"\b(?:from|import)\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*" + word + rb"\b", self.source)
            is not None
        )

    def has_as_it_came(self, name: str, stub: str) -> bool:
        """Whether the file still has the untouched stub of a name, and nothing else that could define the name."""
        if not stub or self.helpers:
            return False
        before, cut, after = self.source.partition(stub.strip().encode())
        word = re.escape(name.encode())
        binds = (
            rb"(?:\bclass|\bdef|\bimport|\bas|,)\s+" + word + rb"\b|\b" + word + rb"\s*[:=]|[\"']" + word + rb"[\"']"
        )
        return bool(cut) and not re.search(binds, before + after)


@frozen
class Listing:
    """The code as the student sees it: its lines, and for a notebook (first line, number) of each code cell."""

    lines: Sequence[str]
    cells: Sequence[tuple[int, int]] = ()

    def file_line(self, line: int) -> int:
        """The line in the submission's file; 0 for a notebook, whose file is JSON."""
        return 0 if self.cells else line

    def place(self, line: int) -> str:
        """`at line 12: the code there`; in a notebook `in cell 3, line 4: the code there`."""
        text = one_line(self.lines[line - 1], 120) if 0 < line <= len(self.lines) else ""
        where = f"at line {line}"
        for first, number in self.cells:
            if first <= line:
                where = f"in code cell {number}, line {line - first + 1}"
        return f"{where}: `{text}`" if text else where


def read(path: str | Path, with_helpers: bool = False, root: Path | None = None) -> Submission:
    """Read a .py file or a notebook; SubmissionError unless it is a regular file of at most a megabyte, and no link.

    `with_helpers` also reads the modules beside it that it imports. Use it only where the folder is the student's own:
    in a folder with several students' files, one could import another's. `root` is the folder that the user named, if
    the file was found in one: no link is followed below it. The path to a file that was named itself may contain links.
    """
    root = root or Path(path).parent
    *above, name = os.path.relpath(path, root).split(os.sep)
    folder = Beneath(root, tuple(above))
    return read_from(folder / name, str(path), (lambda module: folder / f"{module}.py") if with_helpers else none)


def none(_module: str) -> None:
    """A `beside` for a file without helpers: there is never a module beside it."""


def read_from(file: Readable, name: str, beside: Callable[[str], Readable | None]) -> Submission:
    """Read a submission and call it `name`; `beside(module)` gives the file of a module that it imports, or None."""
    source = _content(file, name, MAX_BYTES)
    return Submission(name, source, tuple(_helpers(source, name, beside)))


def _helpers(source: bytes, name: str, beside: Callable[[str], Readable | None]) -> Iterator[tuple[str, bytes]]:
    """The student's own modules that a source imports, directly and indirectly, in order of discovery."""
    room, seen, waiting = MAX_BYTES, set(sys.stdlib_module_names), [source]
    while waiting:
        for word in IMPORTED.findall(waiting.pop(0)):
            module = word.decode()
            if module in seen or len(seen) > len(sys.stdlib_module_names) + MAX_HELPERS:
                continue
            file = beside(module)
            if file is None:
                continue
            try:
                content = _content(file, os.path.join(os.path.dirname(name), f"{module}.py"), room)
            except SubmissionError as error:
                if error.is_absent:
                    continue
                raise
            seen.add(module)
            room -= len(content)
            waiting.append(content)
            yield module, content


def _content(file: Readable, name: str, limit: int) -> bytes:
    try:
        return file.read(limit)
    except Refusal as refusal:
        said = {
            Why.LINK: f"{name} is a link, and links are not followed; name the file that it leads to, or put it there",
            Why.IRREGULAR: f"{name} is not a regular file; name a .py file or a notebook",
            Why.LARGE: f"{name} is larger than {MAX_BYTES >> 20} MB; is this the right file?",
            Why.ABSENT: f"cannot read {name}: {os.strerror(errno.ENOENT)}",
            Why.CHANGED: f"{name} changed while it was looked at; hand it in again, or mark it again",
        }
        words = said.get(refusal.why, f"cannot read {name}: {refusal.error}")
        raise SubmissionError(words, refusal.why) from None
