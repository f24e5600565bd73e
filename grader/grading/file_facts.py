"""What is known of a submission's file before any of its functions is called."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from grader.frozen import frozen
from grader.sandbox.worker import WorkerEnded
from grader.submission import Listing


@frozen
class Outline:
    """What reading the file has found; nothing of it was run."""

    problems: Sequence[dict[str, Any]] = ()
    definitions: Mapping[str, int] = field(default_factory=dict)  # the line of each name
    lines: Sequence[str] = ()
    cells: Sequence[tuple[int, int]] = ()  # of a notebook: the first line of each cell, and its number


@frozen
class FileFacts:
    """What was found by reading the file, what by running it, and what it did to workers that ran it."""

    listing: Listing  # the code as the student sees it; of a notebook, as its cells were read
    outline: Outline = field(default_factory=Outline)
    problems: Sequence[dict[str, Any]] = ()  # what failed at the top of the file
    names: Mapping[str, str] = field(default_factory=dict)  # what each name that is asked for became
    endings: tuple[tuple[int, WorkerEnded], ...] = ()  # lines at the top that ended a worker

    def line_of(self, name: str) -> int:
        """Where the file defines a name; 0 where it does not."""
        return self.listing.file_line(self.outline.definitions.get(name, 0))
