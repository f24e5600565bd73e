"""Files that a command writes: reports, and lines for what platforms read."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.errors import GraderError
from grader.files import replacing


@contextlib.contextmanager
def destination(output: str | None) -> Iterator:
    """Standard output, or a file that appears whole or not at all."""
    if output is None:
        yield None
        return
    try:
        with replacing(Path(output)) as part, open(part, "w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise GraderError(f"cannot write {output}: {error.strerror}") from None


def append(texts: Iterable[tuple[str, str]]) -> None:
    """Append to the files by which a platform is told things."""
    for path, text in texts:
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise GraderError(f"cannot write {path}: {error.strerror}") from None
