"""An author's functions are asked in the author's own process, with the worker's code but without a worker."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from grader.compiling.calls import Heard
from grader.grading.answer import Answer, Ask
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.report import Finding, Status
from grader.sandbox.inside.call import call, outcome
from grader.sandbox.wire import same


def in_process(pieces: Sequence[Callable], exercise: ExerciseKey) -> Ask:
    """An `ask` for functions or classes, such as a reference's or a mistake's."""

    def ask(question: Question) -> Answer:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _answer(call(pieces, question.inputs, exercise.way_of(question), forbids=exercise.forbids), question)

    return ask


def asked_once(ask: Ask) -> Ask:
    """An `ask` that puts no question twice."""
    known: dict[int, tuple[Question, Answer]] = {}  # questions are kept, so that no id is used again

    def remembering(question: Question) -> Answer:
        if id(question) not in known:
            known[id(question)] = question, ask(question)
        return known[id(question)][1]

    return remembering


def recalled(name: str, heard: Heard, ask: Ask) -> Ask:
    """An `ask` for a mistake that was asked while the key was compiled: with what was heard then, else by `ask`."""

    def remembering(question: Question) -> Answer:
        known = heard.get((name, question.driver, id(question.inputs)))
        return _answer(outcome(*known, question.inputs), question) if known else ask(question)

    return remembering


def is_alike(one: Answer, other: Answer) -> bool:
    """Whether two answers without a finding are the same to every rule: the values to the last bit, and what was changed."""
    return not (one.finding or other.finding) and one.changed == other.changed and same(one.value, other.value)


def _answer(reply: dict, question: Question) -> Answer:
    if "error" not in reply:
        return Answer(reply["value"], changed=reply["changed"])
    error = reply["error"]
    text = f"{error['type']}: {error['message']} (case: {question.label})"
    if error["type"] == "NotImplementedError":
        return Answer(finding=Finding("missing", text), status=Status.MISSING)
    raised = Raised((*error["bases"], error["type"]))
    return Answer(raised, finding=Finding("exception", text), status=Status.ERROR)
