"""A submission in a worker that has run its file; when the worker dies, the file is loaded into another one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grader.frozen import frozen
from grader.grading import replies
from grader.grading.file_facts import FileFacts
from grader.key import Key
from grader.sandbox import wire
from grader.sandbox.frameworks import FRAMEWORKS, allowance
from grader.sandbox.server import Sandbox
from grader.sandbox.worker import Worker, WorkerEnded
from grader.submission import Listing, Submission

MAX_SKIPPED = 5  # statements at the top of a file that may hang or crash before the file is given up


@frozen
class TimeBudget:
    """The seconds that a submission has: for an exercise, and for all of it since it began."""

    exercise: float
    submission: float
    began: float
    now: Callable[[], float]

    @property
    def is_spent(self) -> bool:
        return self.now() - self.began > self.submission

    @property
    def seconds(self) -> float:
        """What an exercise may take: its own limit, within what is left of the submission's."""
        return max(min(self.exercise, self.began + self.submission - self.now()), 0.001)


@dataclass
class Loaded:
    """One submission with one set of packages: its worker, what is known of the file, and the time that is left."""

    submission: Submission
    key: Key
    sandbox: Sandbox
    time: TimeBudget = field(init=False)
    facts: FileFacts = field(init=False)
    worker: Worker | None = None
    ended: WorkerEnded | None = None  # how the last worker that tried the file came to its end
    skip: list[int] = field(default_factory=list)  # statements that are left out, as each has ended a worker

    def __post_init__(self) -> None:
        limits, runs = self.sandbox.limits, sum(exercise.seconds for exercise in self.key.exercises)
        now, times = self.sandbox.now, allowance(self.sandbox.packages)
        self.time = TimeBudget(times * limits.seconds, times * limits.submission_seconds + runs, now(), now)
        self.facts = FileFacts(Listing(self.submission.source.decode("utf-8", "replace").splitlines()))

    @property
    def patience(self) -> float:
        """The seconds to wait for answers that nobody has asked for."""
        return allowance(self.sandbox.packages) * self.sandbox.patience

    def load(self) -> bool:
        """Have a worker that has run the file; False where the file was given up, and `ended` says how.

        BadReply where what the worker says has not the form that our own code gives it.
        """
        while self.worker is None:
            if len(self.skip) > MAX_SKIPPED:
                return False
            self._try()
        return True

    def close(self) -> None:
        """End the worker; the next that is asked begins with a fresh one."""
        if self.worker:
            self.worker.close()
            self.worker = None

    def _try(self) -> None:
        """Load the file into a fresh worker. A statement that hangs or kills it is left out on the next try."""
        worker = self.sandbox.worker()
        at, limit = None, self.time.seconds
        deadline = self.sandbox.now() + limit  # for the whole file: a note that a line is about to run can be forged
        try:
            wanted = sorted({piece for exercise in self.key.exercises for piece in exercise.pieces})
            running = {"op": "run", "skip": self.skip, "wanted": wanted}
            worker.send(self._reading(), running)
            self._take(replies.checked_outline(worker.receive(limit, wire.MAX_HEADER)))
            while note := replies.progress(reply := worker.receive(deadline - self.sandbox.now())):
                at = note
            problems, names = replies.checked_run(reply)
            self.facts = replace(self.facts, problems=problems, names=names)
            self.worker = worker
        except WorkerEnded as ended:
            self._note_end(ended, at, limit)
        except replies.BadReply:
            worker.close()
            raise

    def _reading(self) -> dict[str, Any]:
        """The message by which a worker reads the file, of which nothing is run yet."""
        return {
            "op": "read",
            "file": self.submission.file,
            "source": _as_array(self.submission.source),
            "allows": [
                each for each in self.key.allows if each in self.sandbox.packages or each not in FRAMEWORKS
            ],  # what a worker has not loaded, its exercises are not to use
            "helpers": {name: _as_array(content) for name, content in self.submission.helpers},
            "forbids": _forbids(self.key),
        }

    def _take(self, outline: replies.Outline) -> None:
        self.facts = replace(self.facts, outline=outline)
        if outline.cells:
            self.facts = replace(self.facts, listing=Listing(outline.lines, outline.cells))

    def _note_end(self, ended: WorkerEnded, at: tuple[int, int] | None, limit: float) -> None:
        """Remember how a worker ended; `at` is the statement, and its line, that it was about to run."""
        if ended.how == "timeout":
            ended.detail = f"no answer after {limit:.3g} s"
        self.ended = ended
        if at is None:  # reading it is what killed the worker: no second try
            self.skip = list(range(MAX_SKIPPED + 1))
        else:
            self.skip = [*self.skip, at[0]]
            self.facts = replace(self.facts, endings=(*self.facts.endings, (at[1], ended)))


def _forbids(key: Key) -> dict[str, list[str]]:
    """The operations that must not stand in each function or class of the file that is asked."""
    forbids: dict[str, list[str]] = {}
    for exercise in key.exercises:
        for piece in exercise.pieces:
            forbids[piece] = sorted({*forbids.get(piece, ()), *exercise.forbids})
    return forbids


def _as_array(source: bytes) -> np.ndarray:
    """Bytes as the wire carries them."""
    return np.frombuffer(source, np.uint8)
