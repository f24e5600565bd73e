"""Files that a command writes: reports, and lines for what platforms read."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

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


def append(texts: Iterable[tuple[str, str]]) -> None:
    """Append to the files by which a platform is told things."""
    for path, text in texts:
        try:
            append_to(Path(path), text)
        except OSError as error:
            raise cannot_write(path, error) from None
