"""Which arguments does an answer not depend on, where the right one does?"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grader.grading.probe import Probe, is_right
from grader.judging.kinds.registry import kind_of
from grader.judging.reactions import changed, reacts, stays
from grader.key import ExerciseKey, Question
from grader.nest import SEQUENCES
from grader.sandbox.wire import Seeded
from grader.text import together

HEAD = re.compile(r"^ *def \w+\(([^)]*)\)", re.MULTILINE)
ELSEWHERE = 3  # further cases in which an argument is tried that does nothing in one


def unused_arguments(exercise: ExerciseKey, probe: Probe) -> str:
    """A sentence on the arguments to which the reference's answer reacts, and the student's does not; empty if all are such."""
    unused, others = [], {}
    for name, number in exercise.reacts.items():
        question = exercise.questions[number]
        if (other := changed(question.inputs.get(name))) is not None:
            others[name] = question, replace(question, inputs=question.inputs | {name: other})
    probe.ahead([other for _, other in others.values()])
    for name, (question, other) in others.items():
        after = probe.ask(other)
        if after.is_final or (before := probe.told(question) or probe.ask(question)).is_final:
            return ""
        if before.finding or after.finding or not stays(before.value, after.value):
            continue
        if not _moves_elsewhere(exercise, probe, name, question):
            unused.append(name)
    if not unused:
        return ""
    if len(unused) == len(exercise.reacts) and not _is_right_somewhere(exercise, probe):
        return ""  # it moves with nothing, and no argument is to blame
    unused = _as_students_know_them(exercise, unused)
    if not unused:
        return ""
    # what a driver builds is None here: it is left out, as an array is
    given = [exercise.questions[exercise.reacts.get(name, 0)].inputs.get(name) for name in unused]
    if all(isinstance(value, Seeded) for value in given):
        asks = "draw every number from it, not from a generator of your own."
    elif any(value is None or isinstance(value, (np.ndarray, dict, *SEQUENCES)) for value in given):
        asks = "are they left out?" if len(unused) > 1 else "is it left out?"
    else:
        asks = f"is a constant written where {'one of them' if len(unused) > 1 else 'it'} is meant?"
    return f"Your answer stays the same whatever {together(unused)} {'are' if len(unused) > 1 else 'is'}: {asks}"


def parameters(exercise: ExerciseKey) -> list[str]:
    """The parameters of all functions and methods that the student writes, by the stub; none without one."""
    lists = (arguments.split(",") for arguments in HEAD.findall(exercise.stub))
    names = (item.partition("=")[0].strip(" *") for arguments in lists for item in arguments)
    return list(dict.fromkeys(filter(str.isidentifier, names)))


def _is_right_somewhere(exercise: ExerciseKey, probe: Probe) -> bool:
    """Whether an answer to one of the questions that compare answers is right."""
    compared = {group[0] for check in exercise.checks if kind_of(check).compares for group in check.groups}
    answers = ((probe.told(exercise.questions[number]), exercise.questions[number]) for number in sorted(compared))
    return any(got and not got.finding and is_right(got, question) for got, question in answers)


def _moves_elsewhere(exercise: ExerciseKey, probe: Probe, name: str, but: Question) -> bool:
    """Whether an argument that does nothing in one case does something in another: there, something else hides it."""
    others = [question for question in exercise.questions if name in question.inputs and question is not but]
    for question in [other for other in others if not other.driver][:ELSEWHERE]:
        other = changed(question.inputs[name])
        before = probe.told(question)
        if other is None or not before or before.finding:
            continue
        after = probe.ask(replace(question, inputs=question.inputs | {name: other}))
        if not after.finding and reacts(before.value, after.value):
            return True
    return False


def _as_students_know_them(exercise: ExerciseKey, unused: Sequence[str]) -> list[str]:
    """Of inputs that do nothing, those that are parameters of what the student writes.

    The others are a driver's: it builds a function or a network from them, which is named where it is the one parameter
    that no input is, and of which none of its inputs does anything.
    """
    own = parameters(exercise)
    known = [name for name in unused if not own or name in own]
    inputs = {name for question in exercise.questions for name in question.inputs}
    built = [name for name in own if name not in {"self", *inputs}]
    from_them = [name for name in exercise.reacts if name not in own]
    is_left_out = len(built) == 1 and from_them and set(from_them) <= set(unused)
    return built + known if is_left_out else known
