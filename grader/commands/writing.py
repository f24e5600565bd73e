"""Write a command's output files: reports, and lines that platforms read."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.errors import GraderError
from grader.files import append_to, cannot_write, replacing_text


@contextlib.contextmanager
def destination(output: str | None) -> Iterator:
    """Standard output, or a file that appears whole or not at all."""
    if output is None:
        yield None
        return
    try:
        with replacing_text(Path(output)) as file:
            yield file
    except OSError as error:
        raise cannot_write(output, error) from None


def refuse_inputs(written: Iterable[Path | str | None], given: Iterable[Path | str | None]) -> None:
    """GraderError if an output file is one that the command reads: a submission, a roster, the store of a class.

    Call it before the work starts; otherwise a typing error would destroy the file.
    """
    read = {os.path.realpath(name) for name in given if name}
    for name in filter(None, written):
        same = os.path.realpath(name) in read or any(_is_one(name, other) for other in read)
        if same and not os.path.isdir(name):
            raise GraderError(f"{name} is read by this command and would be overwritten; name another file to write")


def _is_one(name: Path | str, other: str) -> bool:
    """Whether two names are the same file, like hard links or names that differ only by case."""
    return os.path.isfile(name) and os.path.exists(other) and os.path.samefile(name, other)


def append(texts: Iterable[tuple[str, str]]) -> None:
    """Append texts to files from which a platform reads."""
    for path, text in texts:
        try:
            append_to(Path(path), text)
        except OSError as error:
            raise cannot_write(path, error) from None
