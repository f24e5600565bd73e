"""An author's functions are asked in the author's own process, with the worker's code but without a worker."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from grader.grading.answer import Answer, Ask
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.report import Finding, Status
from grader.sandbox.inside.call import call


def in_process(pieces: Sequence[Callable], exercise: ExerciseKey, device: str = "cpu") -> Ask:
    """An `ask` for functions or classes, such as a reference's or a mistake's. Tensors arrive on `device`."""

    def ask(question: Question) -> Answer:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reply = call(pieces, question.inputs, exercise.way_of(question), forbids=exercise.forbids, device=device)
            return _answer(reply, question)

    return ask


def asked_once(ask: Ask) -> Ask:
    """An `ask` that puts no question twice. Not for an answer that depends on what was asked before."""
    known: dict[int, tuple[Question, Answer]] = {}  # questions are kept, so that no id is used again

    def remembering(question: Question) -> Answer:
        if id(question) not in known:
            known[id(question)] = question, ask(question)
        return known[id(question)][1]

    return remembering


def _answer(reply: dict, question: Question) -> Answer:
    if "error" not in reply:
        return Answer(reply["value"], changed=reply["changed"])
    error = reply["error"]
    text = f"{error['type']}: {error['message']} (case: {question.label})"
    if error["type"] == "NotImplementedError":
        return Answer(finding=Finding("missing", text), status=Status.MISSING)
    raised = Raised((*error["bases"], error["type"]))
    return Answer(raised, finding=Finding("exception", text), status=Status.ERROR)
