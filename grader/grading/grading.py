"""Key × submission → Report. The student's code runs in a worker; what it answers is judged here."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from grader.grading import replies
from grader.grading.gradient_opinion import forward_of, with_opinion
from grader.grading.judge import Answer, decide, put_off, unasked
from grader.grading.training import ON_CPU, Training, told
from grader.judging.kinds.registry import is_run
from grader.key import ExerciseKey, Key, Question
from grader.report import ExerciseReport, Finding, Report, Status, Step
from grader.sandbox import wire
from grader.sandbox.server import LEVELS, NUMPY, TORCH, TRAINING, Sandbox, SandboxError, is_installed
from grader.sandbox.worker import Worker, WorkerEnded
from grader.submission import Listing, Submission
from grader.text import one_line

MAX_STEPS = 10_000  # a run of a minute reports a tenth of that
MAX_SKIPPED = 5  # statements at the top of a file that may hang or crash before the file is given up


def grade(
    submission: Submission,
    key: Key,
    sandbox: Sandbox,
    only: Sequence[str] = (),
    progress: Callable[[str], None] = lambda name: None,
    training: Training = ON_CPU,
) -> Report:
    """The submission's report; one, whatever the submission does. `only` names exercises, empty for all."""
    start = time.perf_counter()
    chosen = [exercise for exercise in key.exercises if not only or exercise.name in only]
    packages = {exercise.name: needed(exercise, submission, chosen, training) for exercise in chosen}
    sandboxes = {wanted: sandbox.sibling(wanted) for wanted in packages.values()}
    sessions: dict[tuple[str, ...], Session] = {}
    reports: dict[str, ExerciseReport] = {}
    try:
        # what takes NumPy alone is done while PyTorch is loaded, and what takes long comes last
        for exercise in sorted(chosen, key=lambda exercise: (exercise.torch, is_run(exercise))):
            progress(exercise.name)
            if report := _put_off(exercise, submission, key.unit, training, reports):
                reports[exercise.name] = report
                continue
            wanted = packages[exercise.name]
            if wanted not in sessions:
                sessions[wanted] = Session(submission, key, sandboxes[wanted], training)
            session = sessions[wanted]
            reports[exercise.name] = replace(session.grade(exercise), line=session.line_of(exercise.name))
    finally:
        for session in sessions.values():
            session.close()
    levels = [session.sandbox.level for session in sessions.values()] or [sandbox.level]
    return Report(
        submission=submission.name,
        sha256=submission.sha256,
        unit=key.unit,
        key=key.id,
        isolation=max(levels, key=LEVELS.index),
        seconds=time.perf_counter() - start,
        exercises=tuple(reports[exercise.name] for exercise in chosen),
    )


def needed(
    exercise: ExerciseKey, submission: Submission, beside: Sequence[ExerciseKey], training: Training
) -> tuple[str, ...]:
    """The packages that a worker for an exercise must have; all that need PyTorch share one kind of worker.

    To find that something is not there, or is a stub, takes no PyTorch, which is slow to start.
    """
    if not exercise.torch or not is_installed("torch") or _is_unwritten(exercise, submission):
        return NUMPY
    trains = training.is_on and any(other.torch and is_run(other) for other in beside)
    return TRAINING if trains else TORCH


def _is_unwritten(exercise: ExerciseKey, submission: Submission) -> bool:
    """Whether the file does not even name what an exercise asks for, or has its stub as it came."""
    return _is_stub(exercise, submission) or not all(map(submission.mentions, exercise.pieces))


def _is_stub(exercise: ExerciseKey, submission: Submission) -> bool:
    return any(submission.has_as_it_came(piece, exercise.stub) for piece in exercise.pieces)


def _put_off(
    exercise: ExerciseKey, submission: Submission, unit: str, training: Training, done: Mapping[str, ExerciseReport]
) -> ExerciseReport | None:
    """The report of an exercise that is not asked now: a stub, points that are open, or a run that lacks a piece."""
    if exercise.torch and _is_stub(exercise, submission):
        return unasked(exercise, unit, Status.MISSING, Finding("missing", "not written yet"))
    if exercise.torch and not is_installed("torch"):
        finding = Finding("missing", "it takes PyTorch, which is not installed here", "Install the extra `torch`.")
        return put_off(exercise, unit, Status.PENDING, finding)
    if is_run(exercise) and not training.is_on:
        return put_off(exercise, unit, Status.PENDING)
    for piece in exercise.pieces if is_run(exercise) else ():
        if piece in done and done[piece].status is not Status.PASSED:
            finding = Finding("missing", f"it waits for {piece}, which is not right yet")
            return put_off(exercise, unit, Status.SKIPPED, finding)
    return None


@dataclass
class Session:
    """One submission under way with one set of packages: its worker, replaced when it dies, and what is known of the file."""

    submission: Submission
    key: Key
    sandbox: Sandbox
    training: Training = ON_CPU
    curves: dict[str, list[Step]] = field(default_factory=dict)
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

    def line_of(self, name: str) -> int:
        """Where the file defines a name; 0 where it does not."""
        return self.listing.file_line(self.outline.get("definitions", {}).get(name, 0))

    @property
    def seconds(self) -> float:
        """What an exercise may take: its own limit, within what is left of the submission's."""
        return max(min(self.sandbox.limits.seconds, self.started + self._budget - time.monotonic()), 0.001)

    @property
    def _budget(self) -> float:
        """Seconds for the whole submission, training runs on top."""
        return self.sandbox.limits.submission_seconds + sum(exercise.seconds for exercise in self.key.exercises)

    def grade(self, exercise: ExerciseKey) -> ExerciseReport:
        """One exercise's report, whatever happens."""
        limit = self._budget
        if time.monotonic() - self.started > limit:
            finding = Finding("timeout", f"the {limit:g} s for the whole submission were used up before its turn")
            return unasked(exercise, self.key.unit, Status.TIMEOUT, finding)
        try:
            if not self._load():
                return self._unloadable(exercise)
            for piece in exercise.pieces:
                if found := replies.before_asking(
                    piece, self.outline, self.problems, self.names, self.endings, self.listing
                ):
                    return unasked(exercise, self.key.unit, *found)
            report = self._with_opinion(decide(exercise, self._asker(exercise), self.key.unit), exercise)
            curve = tuple(self.curves.get(exercise.name, ()))
            return told(report, curve, exercise.band) if is_run(exercise) else report
        except replies.BadReply as error:
            self.close()
            return unasked(exercise, self.key.unit, Status.CRASH, Finding("crash", str(error)))
        except SandboxError:
            raise
        except Exception as error:  # a fault of our own is told as one, and the other exercises are still graded
            self.close()
            text = one_line(f"the grader itself failed: {type(error).__name__}: {error}")
            hint = "It is not your fault and costs no points; please report it."
            return unasked(exercise, self.key.unit, Status.GRADER_ERROR, Finding("crash", text, hint))

    def _with_opinion(self, report: ExerciseReport, exercise: ExerciseKey) -> ExerciseReport:
        """A wrong gradient's report, with a word on whether it is the slope of the forward in the same file."""
        forward = forward_of(exercise, self.key)
        if report.status is not Status.FAILED or not self.worker or not forward:
            return report
        try:
            return with_opinion(report, exercise, forward, self._asker(exercise), self._asker(forward))
        except SandboxError:
            raise
        except Exception:  # of a question that was for no points, or of what was made of its answer
            self.close()
            return report

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
                message = {"op": "read", "file": file, "source": _as_array(source), "allows": self._allows}
                message["helpers"] = {name: _as_array(content) for name, content in self.submission.helpers}
                message["forbids"] = self._forbids
                self.outline = replies.checked_outline(worker.ask(message, limit, wire.MAX_HEADER))
                wanted = sorted({piece for exercise in self.key.exercises for piece in exercise.pieces})
                worker.send({"op": "run", "skip": self.skip, "wanted": wanted}, self.seconds)
                while note := replies.progress(reply := worker.receive(deadline - time.monotonic())):
                    at = note
                self.problems, self.names = replies.checked_run(reply)
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
            except replies.BadReply:
                worker.close()
                raise
        return True

    def _unloadable(self, exercise: ExerciseKey) -> ExerciseReport:
        status, finding = replies.of_end(self.ended, "loading your file")
        return unasked(exercise, self.key.unit, status, finding)

    def _asker(self, exercise: ExerciseKey) -> Callable[[Question], Answer]:
        limit = max(self.seconds, exercise.seconds)
        deadline = time.monotonic() + limit

        def ask(question: Question) -> Answer:
            worker = self.worker
            try:
                reply = self._reply(exercise, question, deadline)
                if replies.lacks_device(reply) and self.training.device != "cpu":
                    self.training = replace(self.training, device="cpu")  # the machine's want, not the student's
                    self.curves.pop(exercise.name, None)
                    reply = self._reply(exercise, question, deadline)
            except WorkerEnded as ended:
                self.worker = None
                if ended.how == "timeout":
                    ended.detail = f"no answer after {limit:.3g} s"
                status, finding = replies.of_end(ended, f"case: {question.label}")
                return Answer(finding=finding, status=status, is_final=True)
            return replies.answer(reply, question, self.problems, self.outline, self.listing, worker.printed())

        return ask

    def _reply(self, exercise: ExerciseKey, question: Question, deadline: float) -> Any:
        """The worker's last word on a question; what it says of a training run on its way is passed on."""
        message = {
            "op": "call",
            "pieces": exercise.pieces,
            "inputs": question.inputs,
            "way": asdict(exercise.way_of(question)),
            "forbids": exercise.forbids,
            "device": self.training.device if exercise.torch else "cpu",
        }
        self.worker.send(message, max(deadline - time.monotonic(), 0.001))
        while step := replies.step(reply := self.worker.receive(deadline - time.monotonic())):
            self._note(exercise.name, step)
        return reply

    def _note(self, name: str, step: Step) -> None:
        curve = self.curves.setdefault(name, [])
        if len(curve) >= MAX_STEPS:
            raise replies.BadReply("the worker reports more steps than a training run has")
        curve.append(step)
        self.training.watch(name, step)

    @property
    def _forbids(self) -> dict[str, list[str]]:
        """The operations that must not stand in each function or class of the file that is asked."""
        forbids: dict[str, list[str]] = {}
        for exercise in self.key.exercises:
            for piece in exercise.pieces:
                forbids[piece] = sorted({*forbids.get(piece, ()), *exercise.forbids})
        return forbids

    @property
    def _allows(self) -> list[str]:
        """What the file may import in this worker: of the unit's packages, those that are here."""
        return [package for package in self.key.allows if package in self.sandbox.packages or package != "torch"]


def _as_array(source: bytes) -> np.ndarray:
    """Bytes as the wire carries them."""
    return np.frombuffer(source, np.uint8)
