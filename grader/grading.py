"""Key × submission → Report. The student's code runs in a worker; what it answers is judged here."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader import findings
from grader.judge import Answer, judge, unasked
from grader.key import ExerciseKey, Key, Question
from grader.report import ExerciseReport, Finding, Report, Status
from grader.sandbox import wire
from grader.sandbox.server import Sandbox, SandboxError
from grader.sandbox.worker import Worker, WorkerEnded
from grader.submission import Listing, Submission
from grader.text import one_line

MAX_SKIPPED = 5  # statements at the top of a file that may hang or crash before the file is given up


def grade(
    submission: Submission,
    key: Key,
    sandbox: Sandbox,
    only: Sequence[str] = (),
    progress: Callable[[str], None] = lambda name: None,
) -> Report:
    """The submission's report; one, whatever the submission does. `only` names exercises, empty for all."""
    start = time.perf_counter()
    chosen = [exercise for exercise in key.exercises if not only or exercise.name in only]
    session = Session(submission, key, sandbox)
    try:
        reports = []
        for exercise in chosen:
            progress(exercise.name)
            reports.append(session.grade(exercise))
    finally:
        session.close()
    return Report(
        submission=submission.name,
        sha256=submission.sha256,
        unit=key.unit,
        key=key.id,
        isolation=sandbox.level,
        seconds=time.perf_counter() - start,
        exercises=tuple(reports),
    )


@dataclass
class Session:
    """One submission under way: its worker, replaced when it dies, and what is known of the file."""

    submission: Submission
    key: Key
    sandbox: Sandbox
    worker: Worker | None = None
    skip: list[int] = field(default_factory=list)
    outline: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    ended: WorkerEnded | None = None
    endings: list[tuple[int, WorkerEnded]] = field(default_factory=list)  # lines at the top that ended a worker

    @property
    def listing(self) -> Listing:
        """The code as the student sees it; of a notebook, as its cells were read."""
        if self.outline.get("cells"):
            return Listing(self.outline["lines"], self.outline["cells"])
        return Listing(self.submission.source.decode("utf-8", "replace").splitlines())

    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """What an exercise may take: its own limit, within what is left of the submission's."""
        limits = self.sandbox.limits
        return max(min(limits.seconds, self.started + limits.submission_seconds - time.monotonic()), 0.001)

    def grade(self, exercise: ExerciseKey) -> ExerciseReport:
        """One exercise's report, whatever happens."""
        limit = self.sandbox.limits.submission_seconds
        if time.monotonic() - self.started > limit:
            finding = Finding("timeout", f"the {limit:g} s for the whole submission were used up before its turn")
            return unasked(exercise, self.key.unit, Status.TIMEOUT, finding)
        try:
            if not self._load():
                return self._unloadable(exercise)
            if found := findings.before_asking(
                exercise.name, self.outline, self.problems, self.names, self.endings, self.listing
            ):
                status, finding = found
                return unasked(exercise, self.key.unit, status, finding)
            return judge(exercise, self._asker(exercise), self.key.unit)
        except findings.BadReply as error:
            self.close()
            return unasked(exercise, self.key.unit, Status.CRASH, Finding("crash", str(error)))
        except SandboxError:
            raise
        except Exception as error:  # a fault of our own is told as one, and the other exercises are still graded
            self.close()
            text = one_line(f"the grader itself failed: {type(error).__name__}: {error}")
            hint = "It is not your fault and costs no points; please report it."
            return unasked(exercise, self.key.unit, Status.GRADER_ERROR, Finding("crash", text, hint))

    def close(self) -> None:
        if self.worker:
            self.worker.close()
            self.worker = None

    def _load(self) -> bool:
        """Have a worker that has run the file. A statement that hangs or kills it is left out on the next try."""
        while self.worker is None:
            if len(self.skip) > MAX_SKIPPED:
                return False
            worker = self.sandbox.worker()
            at, limit = None, self.seconds
            deadline = time.monotonic() + limit  # for the whole file: a note that a line is about to run can be forged
            try:
                file, source = self.submission.file, self.submission.source
                message = {"op": "read", "file": file, "source": _as_array(source), "allows": self.key.allows}
                message["helpers"] = {name: _as_array(content) for name, content in self.submission.helpers}
                message["forbids"] = {exercise.name: exercise.forbids for exercise in self.key.exercises}
                self.outline = findings.checked_outline(worker.ask(message, limit, wire.MAX_HEADER))
                wanted = [exercise.name for exercise in self.key.exercises]
                worker.send({"op": "run", "skip": self.skip, "wanted": wanted}, self.seconds)
                while note := findings.progress(reply := worker.receive(max(deadline - time.monotonic(), 0.001))):
                    at = note
                self.problems, self.names = findings.checked_run(reply)
                self.worker = worker
            except WorkerEnded as ended:
                if ended.how == "timeout":
                    ended.detail = f"no answer after {limit:.3g} s"
                self.ended = ended
                if at is None:  # reading it is what killed the worker: no second try
                    self.skip = list(range(MAX_SKIPPED + 1))
                else:
                    self.skip = [*self.skip, at[0]]
                    self.endings.append((at[1], ended))
            except findings.BadReply:
                worker.close()
                raise
        return True

    def _unloadable(self, exercise: ExerciseKey) -> ExerciseReport:
        status, finding = findings.of_end(self.ended, "loading your file")
        return unasked(exercise, self.key.unit, status, finding)

    def _asker(self, exercise: ExerciseKey) -> Callable[[Question], Answer]:
        limit = self.seconds
        deadline = time.monotonic() + limit

        def ask(question: Question) -> Answer:
            message = {
                "op": "call",
                "name": exercise.name,
                "inputs": question.inputs,
                "parameters": exercise.parameters,
                "driver": exercise.driver,
                "forbids": exercise.forbids,
            }
            worker = self.worker
            try:
                reply = worker.ask(message, max(deadline - time.monotonic(), 0.001))
            except WorkerEnded as ended:
                self.worker = None
                if ended.how == "timeout":
                    ended.detail = f"no answer after {limit:.3g} s"
                status, finding = findings.of_end(ended, f"case: {question.label}")
                return Answer(finding=finding, status=status, is_final=True)
            return findings.answer(reply, question, self.problems, self.outline, self.listing, worker.printed())

        return ask


def _as_array(source: bytes) -> np.ndarray:
    """Bytes as the wire carries them."""
    return np.frombuffer(source, np.uint8)
