"""An author's functions are asked in the author's own process, with the worker's code but without a worker."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from grader.answer import Answer, Ask
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.report import Finding, Status
from grader.sandbox.inside.call import call
from grader.sandbox.inside.way import Way


def in_process(pieces: Sequence[Callable], exercise: ExerciseKey, device: str = "cpu") -> Ask:
    """An `ask` for functions or classes, such as a reference's or a mistake's. Tensors arrive on `device`."""
    return asking(pieces, exercise.way_of, exercise.forbids, device)


def asking(
    pieces: Sequence[Callable], way_of: Callable[[Question], Way], forbids: Sequence[str], device: str = "cpu"
) -> Ask:
    """`in_process` where there is no key yet."""

    def ask(question: Question) -> Answer:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reply = call(pieces, question.inputs, way_of(question), forbids=forbids, device=device)
            return _answer(reply, question)

    return ask


def asked_once(ask: Ask) -> Ask:
    """An `ask` that puts no question twice. Not for an answer that depends on what was asked before.

    Questions are the same if they put the same inputs, one dict, to the same driver: while a key is compiled, it is of no
    account what is known of the answer yet.
    """
    known: dict[tuple[int, str], tuple[Question, Answer]] = {}  # questions are kept, so that no id is used again

    def remembering(question: Question) -> Answer:
        which = id(question.inputs), question.driver
        if which not in known:
            known[which] = question, ask(question)
        return known[which][1]

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
