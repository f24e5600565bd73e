"""Keep the bytes of every submission from intake until it is marked, so that what was looked at is what is marked."""

from collections.abc import Iterator
from pathlib import Path

from grader.errors import GraderError
from grader.frozen import frozen
from grader.submission import Submission, SubmissionError

NAME = "looked-at"


@frozen
class Kept:
    """One submission's bytes in a shelf's file: `pieces` are (module, or "" for the file itself; start; length)."""

    file: Path
    name: str
    sha256: str
    pieces: tuple[tuple[str, int, int], ...]

    def read(self) -> Submission:
        """The bytes as intake read them; SubmissionError if the shelf has lost them."""
        try:
            with open(self.file, "rb") as file:
                (_, source), *helpers = [(module, _part(file, start, size)) for module, start, size in self.pieces]
        except OSError as error:
            raise SubmissionError(f"{self.name} can no longer be read: {error.strerror}") from None
        found = Submission(self.name, source, tuple(helpers))
        if found.sha256 != self.sha256:
            raise SubmissionError(f"{self.name} can no longer be read: what was kept of it was changed")
        return found


def _part(file, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


class Shelf:
    """One file in a scratch folder that holds all submissions of a run."""

    def __init__(self, scratch: Path):
        self.file = scratch / NAME

    def keep(self, submission: Submission) -> Kept:
        """Append a submission's bytes; GraderError if there is no room."""
        parts = [("", submission.source), *submission.helpers]
        try:
            with open(self.file, "ab") as file:
                start = file.seek(0, 2)
                file.write(b"".join(content for _, content in parts))
        except OSError as error:
            raise no_room(error) from None
        return Kept(self.file, submission.name, submission.sha256, tuple(_places(parts, start)))


def _places(parts: list[tuple[str, bytes]], start: int) -> Iterator[tuple[str, int, int]]:
    for module, content in parts:
        yield module, start, len(content)
        start += len(content)


def no_room(error: OSError) -> GraderError:
    """The error if the scratch folder is full or cannot be written."""
    return GraderError(
        f"cannot keep what was handed in until it is marked: {error.strerror}; make room, or let TMPDIR name a folder that has it"
    )
