"""The lines of one case. They need NumPy, PyTorch where the exercise does, and the student's own file; nothing of ours.

Each block ends with an empty line and has none inside, so that the lines can be pasted into a plain Python session, too.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from grader.judging.kinds.registry import is_run, kind_of, options_of
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import CheckReport, ExerciseReport
from grader.sandbox.inside.call import bind
from grader.sandbox.wire import Seeded, same
from grader.snippets.literals import literal, needs_base64
from grader.statement import first_line

LOAD = """\
def load(module, weights):
    module.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return module
"""
CASE = "case: "  # as a finding's message names it at its end
STEPS = ("first", "second", "third", "fourth")
MOST_STEPS = len(STEPS)
TRAINS = """\
# {name} trains with what you wrote: there is no one input to paste, and no one right answer.
# Call what it uses ({pieces}) on an input of your own: an input and what is made of it, then the loss and its gradient.
# `grade {unit}.{name}` shows how the loss goes; `grade explain {unit}.{name}` says what is trained, and on what.
"""


def labels(exercise: ExerciseKey) -> list[str]:
    """The labels of an exercise's cases, in the order of its claims."""
    found = (exercise.questions[group[0]].label for check in exercise.checks for group in check.groups)
    return list(dict.fromkeys(found))


def snippet(
    exercise: ExerciseKey,
    label: str,
    unit: str,
    file: str = "",
    told: CheckReport | None = None,
    debug: bool = False,
) -> str:
    """The lines that ask one case of an exercise of a student's function, and show what is expected and what comes back.

    `label` is one of `labels`, ValueError for another; `file` is the student's file, for a word on where to run them.
    Where a claim is `told` not to hold in this case, that is the one that is shown. With `debug` Python's debugger stops
    in the student's function. A training run has no such lines, but some that say what to do instead.
    """
    if is_run(exercise):
        return TRAINS.format(name=exercise.name, unit=unit, pieces=", ".join(exercise.pieces))
    check, group = _chosen(exercise, label, told)
    questions = [exercise.questions[number] for number in group][:MOST_STEPS]
    names = _Names(exercise, questions)
    asked = list(_steps(exercise, check, questions, names, told, debug))
    driver = _driver(exercise, questions[0], debug)
    written = "\n".join([*driver, *asked])
    head = _head(exercise, check, label, unit, file)
    return "\n".join([*head, *_imports(exercise, unit, written, debug), *driver, *asked]).rstrip() + "\n"


def first_failing(exercise: ExerciseKey, report: ExerciseReport) -> tuple[str, CheckReport | None]:
    """The label of the first case that a report tells not to hold, and what it says; the first case, and None, without one."""
    return next(iter(failing(exercise, report).items()), (labels(exercise)[0], None))


def failing(exercise: ExerciseKey, report: ExerciseReport) -> dict[str, CheckReport]:
    """The cases that a report tells not to hold, by label, each with the first claim that says so."""
    found: dict[str, CheckReport] = {}
    for told in report.checks:
        said = told.finding.message if told.finding else ""
        for label in labels(exercise):
            if said.endswith(f"({CASE}{label})"):
                found.setdefault(label, told)
    return found


def _chosen(exercise: ExerciseKey, label: str, told: CheckReport | None) -> tuple[CheckKey, list[int]]:
    """The claim that is told of, or the first one about the case, and its questions there."""
    about = [
        (check, group)
        for check in exercise.checks
        for group in check.groups
        if exercise.questions[group[0]].label == label
    ]
    if not about:
        raise ValueError(f"{exercise.name} has no case {label!r}")
    return next((pair for pair in about if told and pair[0].claim == told.claim), about[0])


class _Names:
    """What the inputs are called in the session: by their own names, where these are not taken."""

    def __init__(self, exercise: ExerciseKey, questions: Sequence[Question]):
        drivers = [question.driver or exercise.driver for question in questions]
        taken = {"np", "torch", "pdb", "base64", "got", "expected", *STEPS, *exercise.pieces, *_defined(drivers)}
        self.taken = taken

    def of(self, name: str) -> str:
        return f"{name}_" if name in self.taken else name


def _defined(drivers: Sequence[str]) -> Iterator[str]:
    for driver in drivers:
        yield from (node.name for node in ast.parse(driver).body if isinstance(node, ast.FunctionDef))


def _head(exercise: ExerciseKey, check: CheckKey, label: str, unit: str, file: str) -> Iterator[str]:
    yield f"# {unit}.{exercise.name}, case: {label}"
    yield f"# {check.claim}"
    if folder := PurePath(file).parent.as_posix() if file else "":
        yield f"# to be run in the folder {folder}" if folder != "." else "# to be run in this folder"


def _imports(exercise: ExerciseKey, unit: str, written: str, debug: bool) -> Iterator[str]:
    if needs_base64(written):
        yield "import base64"
    if debug:
        yield "import pdb"
    yield "import numpy as np"
    if exercise.torch:
        yield "import torch"
    yield f"from {unit} import {', '.join(exercise.pieces)}"
    yield ""


def _driver(exercise: ExerciseKey, question: Question, debug: bool) -> list[str]:
    """What asks in place of a plain call, with the few names that it can use."""
    if not (source := question.driver or exercise.driver):
        return ["debugger = pdb.Pdb()", ""] if debug else []
    lines = [f"# how {' and '.join(exercise.pieces)} is asked:"]
    if re.search(r"\bdevice\b", source):
        lines.append('device = "cpu"')
    if re.search(r"\bload\(", source):
        lines += LOAD.split("\n")
    lines += _for_a_session(source)
    if debug:
        lines += [*_stops(exercise), ""]
    return lines


def _stops(exercise: ExerciseKey) -> Iterator[str]:
    """Lines that let the debugger run up to what the student wrote."""
    yield "debugger, stops = pdb.Pdb(), []"
    for name in exercise.pieces:
        yield f"own = vars({name}) if isinstance({name}, type) else {{}}"
        yield f'stops += [f"{name}.{{each}}" for each in own if hasattr(own[each], "__code__")] or ["{name}"]'
    yield 'debugger.rcLines += [f"break {each}" for each in stops] + ["continue"]'


def _for_a_session(source: str) -> Iterator[str]:
    """A text's blocks as a session takes them: none with an empty line inside, and one after each."""
    lines = source.split("\n")
    for node in ast.parse(source).body:
        yield from (line for line in lines[first_line(node) - 1 : node.end_lineno] if line.strip())
        yield ""


def _steps(
    exercise: ExerciseKey,
    check: CheckKey,
    questions: Sequence[Question],
    names: _Names,
    told: CheckReport | None,
    debug: bool,
) -> Iterator[str]:
    """The calls one after another, each with what is new of its inputs and what is expected of it."""
    known: dict[str, Any] = {}
    guarded = bool(told and told.finding and told.finding.kind == "mutated")
    for number, question in enumerate(questions):
        got = STEPS[number] if len(questions) > 1 else "got"
        if number == 1:
            yield "# The claim is about what changes, and what stays, from one call to the next:"
        for name, value in question.inputs.items():
            if name not in known or isinstance(value, Seeded) or not same(known[name], value):
                text = f"{names.of(name)} = {literal(value, exercise.torch, 4)}"
                yield text + (f"  # {value.shape}" if isinstance(value, np.ndarray) and value.ndim else "")
        known = dict(question.inputs)
        arrays = [names.of(name) for name, value in known.items() if isinstance(value, np.ndarray)] if guarded else []
        copied = "clone" if exercise.torch else "copy"
        yield from (f"{name}_before = {name}.{copied}()" for name in arrays)
        yield from _expected(exercise, check, question, got)
        yield f"{got} = {_call(exercise, question, names, debug)}"
        yield f'print("{got}:", {got}, sep="\\n")'
        for name in arrays:
            yield f'print("{name} is as it was:", bool(({name} == {name}_before).all()))'
        yield ""


def _expected(exercise: ExerciseKey, check: CheckKey, question: Question, got: str) -> Iterator[str]:
    """What is right, where one answer is; else nothing, for the claim says it."""
    kind, is_first = kind_of(check), got in ("got", "first")
    if (error := kind.error(options_of(check))) and is_first:
        yield f"# must raise {error}"
    elif kind.has_one_answer:
        name = "expected" if got == "got" else f"expected_{got}"
        torch = exercise.torch and not (question.driver or exercise.driver)
        yield f"{name} = {literal(question.expected, torch, 4)}"
        yield f'print("{name}:", {name}, sep="\\n")'


def _call(exercise: ExerciseKey, question: Question, names: _Names, debug: bool) -> str:
    """The call itself, as the question is put: by position as far as that goes, then by name."""
    source = question.driver or exercise.driver
    if source:
        asks = list(_defined([source]))[-1]
        given = [*exercise.pieces, *(f"{name}={names.of(name)}" for name in question.inputs)]
    else:
        asks = exercise.pieces[0]
        positional, rest = bind({name: names.of(name) for name in question.inputs}, exercise.parameters)
        given = [*positional, *(f"{name}={value}" for name, value in rest.items())]
    return f"debugger.runcall({', '.join([asks, *given])})" if debug else f"{asks}({', '.join(given)})"
