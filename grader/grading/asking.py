"""An exercise's questions on their way: sent ahead of the answers, which are taken in the order in which they come.

The worker never waits for the grader to judge, nor the grader for the worker to begin. What was sent ahead and then is not
asked for, as another case has failed already, costs nothing: where the worker ends over it, or is slow, another worker goes
on with what is asked for.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from grader.answer import Answer
from grader.grading import replies
from grader.grading.loaded import Loaded
from grader.grading.single import widened
from grader.grading.training_runs import TrainingRuns
from grader.identity import ByIdentity
from grader.judging.kinds.registry import is_run
from grader.key import ExerciseKey, Question
from grader.sandbox import wire
from grader.sandbox.frameworks import allowance
from grader.sandbox.worker import WorkerEnded

MORE = 2.0  # seconds of an exercise for questions that earn no points


@dataclass
class Asking:
    """What asks one exercise's questions. Its time begins now; the submission must have been loaded.

    `widens` makes float64 of the float32 in its answers, which are then judged with tolerances for float32.

    `ahead` are the questions that will be asked if all goes well, in that order (see `in_order`). Calling it with a
    question gives an Answer, which is final where time is up or the worker is gone; BadReply where a reply has not the
    right form.
    """

    exercise: ExerciseKey
    loaded: Loaded
    runs: TrainingRuns
    ahead: Sequence[Question] = ()
    widens: bool = False
    limit: float = field(init=False)
    deadline: float = field(init=False)
    waiting: deque[Question] = field(default_factory=deque)  # sent, and not answered yet
    came: ByIdentity[Question, Any] = field(default_factory=ByIdentity)  # replies that nobody has asked for yet
    printed: list[str] = field(default_factory=list)  # at which question something was printed is not known
    over: Answer | None = None  # the final one, which is the answer to all that is asked after it
    spent: float = 0.0  # seconds for what earns no points

    def __post_init__(self) -> None:
        self.limit = max(self.loaded.time.seconds, self.exercise.seconds)
        self.deadline = self._now() + self.limit

    def __call__(self, question: Question) -> Answer:
        if self.over:
            return self.over
        try:
            reply = self._reply_to(question)
            # that a device has no room is the machine's want, not the student's
            if replies.lacks_device(reply) and self.runs.leave_device(self.exercise.name):
                self._start_over()
                self.came.clear()
                reply = self._reply_to(question)
        except WorkerEnded as ended:
            self.loaded.close()
            self.waiting.clear()
            if ended.how == "timeout":
                ended.detail = f"no answer after {self.limit:.3g} s"
            status, finding = replies.of_end(ended, f"case: {question.label}")
            self.over = Answer(finding=finding, status=status, is_final=True)
            return self.over
        self.printed.append(self.loaded.worker.printed())
        got = replies.answer(reply, question, self.loaded.facts, self.printed[-1])
        return replace(got, value=widened(got.value)) if self.widens else got

    def expect(self, questions: Sequence[Question]) -> None:
        """Send questions ahead that are asked next, in this order; a judge that cannot wait then stops once for all of them."""
        if self.over or not self.loaded.worker:
            return
        try:
            self._send(questions, _frames(self.exercise, self.runs.device_of(self.exercise), questions))
        except WorkerEnded:  # which the first of them will be told
            self.waiting.clear()

    def more(self, question: Question) -> Answer:
        """Ask what earns no points: a few seconds of an exercise at most, which the submission gets back."""
        return self._given_back(self, question)

    def alone(self, question: Question) -> Answer:
        """As `more`, in a fresh process, where nothing was asked before."""
        self._start_over(is_needed=False)
        if not self.loaded.load():
            return Answer(is_final=True)
        return self._given_back(Asking(self.exercise, self.loaded, self.runs, widens=self.widens), question)

    def _given_back(self, asking: "Asking", question: Question) -> Answer:
        """The answer to a question within what is left of MORE; the submission's time begins later by what it took."""
        began, deadline = self._now(), asking.deadline
        left = allowance(self.loaded.sandbox.packages) * MORE - self.spent
        if left <= 0:
            return Answer(is_final=True)
        asking.deadline = min(deadline, began + left)
        got = asking(question)
        passed = self._now() - began
        self.spent += passed
        asking.deadline = deadline + passed
        self.loaded.time = replace(self.loaded.time, began=self.loaded.time.began + passed)
        return got

    def finish(self) -> str:
        """Leave the worker with no question under way, or leave it; returns all that it has printed."""
        self._receive_until(None)
        return "".join([*self.printed, self.loaded.worker.printed() if self.loaded.worker else ""])

    def _reply_to(self, question: Question) -> Any:
        if self.ahead:
            self._send(self.ahead, _frames_ahead(self.exercise, self.runs.device_of(self.exercise), self.ahead))
            self.ahead = ()
        if question in self.came:
            return self.came.pop(question)
        self._receive_until(question)
        if not self.waiting:
            self._send([question], _frames(self.exercise, self.runs.device_of(self.exercise), [question]))
        reply = self._receive(self.deadline)
        self.waiting.popleft()
        return reply

    def _receive_until(self, question: Question | None) -> None:
        """Keep the replies that come before a question's, or all."""
        began = self._now()
        until = min(self.deadline, began + self.loaded.patience)
        try:
            while self.waiting and self.waiting[0] is not question:
                self.came[self.waiting[0]] = self._receive(until)
                self.waiting.popleft()
        except (WorkerEnded, replies.BadReply):
            self._start_over(is_needed=question is not None)
            self.deadline += self._now() - began  # which was not spent on a question that is asked for

    def _start_over(self, is_needed: bool = True) -> None:
        """Leave the worker and all that was sent to it; WorkerEnded if another one is needed and cannot load the file."""
        self.loaded.close()
        self.waiting.clear()
        if is_needed and not self.loaded.load():
            raise self.loaded.ended

    def _now(self) -> float:
        return self.loaded.sandbox.now()

    def _send(self, questions: Sequence[Question], frames: bytes) -> None:
        self.loaded.worker.send_frames(frames)
        self.waiting.extend(questions)

    def _receive(self, deadline: float) -> Any:
        """The worker's last word on a question; what it says of a training run on its way is kept and shown."""
        while step := replies.step(reply := self.loaded.worker.receive(deadline - self._now())):
            self.runs.note(self.exercise.name, step)
        return reply


def in_order(exercise: ExerciseKey) -> list[Question]:
    """The questions in the order in which a right answer is asked them, the first once more at the end; none of a training
    run, which takes its time."""
    if is_run(exercise):
        return []
    numbers = dict.fromkeys(number for check in exercise.checks for group in check.groups for number in group)
    return [exercise.questions[number] for number in (*numbers, *list(numbers)[:1])]


def _frames_ahead(exercise: ExerciseKey, device: str, questions: Sequence[Question]) -> bytes:
    """The messages that ask all questions. They are the same for everybody, so they are encoded once."""
    name = "frames", device
    if name not in exercise.kept:
        exercise.kept[name] = _frames(exercise, device, questions)
    return exercise.kept[name]


def _frames(exercise: ExerciseKey, device: str, questions: Sequence[Question]) -> bytes:
    """The messages that ask questions, one after another."""
    return b"".join(_frame(exercise, question, device) for question in questions)


def _frame(exercise: ExerciseKey, question: Question, device: str) -> bytes:
    return wire.encode(
        {
            "op": "call",
            "pieces": exercise.pieces,
            "inputs": question.inputs,
            "way": asdict(exercise.way_of(question)),
            "forbids": exercise.forbids,
            "device": device,
        }
    )
