"""One question's way to the worker and back: sent, waited for until the exercise's time is up, and made an Answer."""

import time
from dataclasses import asdict
from typing import Any

from grader.grading import replies
from grader.grading.judge import Answer, Ask
from grader.grading.loaded import Loaded
from grader.grading.training_runs import TrainingRuns
from grader.key import ExerciseKey, Question
from grader.sandbox.worker import Worker, WorkerEnded


def asker(exercise: ExerciseKey, loaded: Loaded, runs: TrainingRuns) -> Ask:
    """What asks an exercise's questions, one by one. Its time begins now; the submission must have been loaded.

    An answer is final where time is up or the worker is gone. BadReply is raised where a reply has not the right form.
    """
    limit = max(loaded.time.seconds, exercise.seconds)
    deadline = time.monotonic() + limit

    def reply_to(question: Question) -> Any:
        _send(loaded.worker, exercise, question, runs.device_of(exercise), deadline)
        return _receive(loaded.worker, exercise, runs, deadline)

    def ask(question: Question) -> Answer:
        worker = loaded.worker
        try:
            reply = reply_to(question)
            # that a device has no room is the machine's want, not the student's
            if replies.lacks_device(reply) and runs.leave_device(exercise.name):
                reply = reply_to(question)
        except WorkerEnded as ended:
            loaded.close()
            if ended.how == "timeout":
                ended.detail = f"no answer after {limit:.3g} s"
            status, finding = replies.of_end(ended, f"case: {question.label}")
            return Answer(finding=finding, status=status, is_final=True)
        return replies.answer(reply, question, loaded.facts, worker.printed())

    return ask


def _send(worker: Worker, exercise: ExerciseKey, question: Question, device: str, deadline: float) -> None:
    message = {
        "op": "call",
        "pieces": exercise.pieces,
        "inputs": question.inputs,
        "way": asdict(exercise.way_of(question)),
        "forbids": exercise.forbids,
        "device": device,
    }
    worker.send(message, max(deadline - time.monotonic(), 0.001))


def _receive(worker: Worker, exercise: ExerciseKey, runs: TrainingRuns, deadline: float) -> Any:
    """The worker's last word on a question; what it says of a training run on its way is kept and shown."""
    while step := replies.step(reply := worker.receive(deadline - time.monotonic())):
        runs.note(exercise.name, step)
    return reply
