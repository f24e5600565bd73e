"""A second opinion on a wrong gradient: is it at least the derivative of the student's own forward function?

A `*_backward` that is the correct derivative of a wrong forward function is another mistake than a wrong derivative,
and the student should hear which one it is. Points do not change: each exercise is graded on its own. Only plain data
is used here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.draw import Draw, like
from grader.grading.judge import Answer, Ask
from grader.judging.describing import is_plural
from grader.judging.kinds.agrees import Options, decide
from grader.judging.kinds.registry import kind_of, options_of
from grader.key import ExerciseKey, Key, Question
from grader.nest import is_numeric
from grader.report import CheckReport, ExerciseReport

STEPS = (1e-5, 5e-6)  # two: if their slopes differ, there is a kink, or entries are too large for the step
STEADY = 1e-5  # how near the two slopes are if the forward is smooth; rounding, eps/h, is 1e-10
SAME, OTHER = 1e-5, 1e-2  # relative distances: up to SAME it is the slope, from OTHER on it is not; else say nothing


def forward_of(backward: ExerciseKey, key: Key) -> ExerciseKey | None:
    """The forward exercise of a `*_backward`, such as conv2d for conv2d_backward, if its parameters match; else None.

    The backward's parameters are the gradients of the forward's answers, then the forward's own parameters. The forward
    may have more at the end, which keep their defaults.
    """
    stem = backward.name.removesuffix("_backward")
    if stem == backward.name or backward.driver or backward.torch:
        return None
    named = [other for other in key.exercises if other.name == stem or other.name.endswith(f"_{stem}")]
    return next((other for other in named if _fits(backward, other)), None)


def _fits(backward: ExerciseKey, forward: ExerciseKey) -> bool:
    rest = backward.parameters[len(forward.returns) :]
    return bool(rest) and forward.parameters[: len(rest)] == rest and not forward.driver and not forward.torch


def with_opinion(
    report: ExerciseReport, backward: ExerciseKey, forward: ExerciseKey, ask: Ask, ask_forward: Ask
) -> ExerciseReport:
    """The report with one more sentence in the hint of the first wrong claim, if there is something certain to say."""
    for index, check in enumerate(report.checks):
        if check.finding and check.finding.kind == "value" and kind_of(backward.checks[index]).compares:
            text = _opinion(backward, index, forward, *_while_it_lives(ask, ask_forward))
            return replace(report, checks=_told(report.checks, index, text)) if text else report
    return report


def _while_it_lives(*asks: Ask) -> list[Ask]:
    """Wrap `ask` functions of one process: after a final answer, they repeat it and ask no more."""
    last: list[Answer] = []

    def guarded(ask: Ask) -> Ask:
        def asked(question: Question) -> Answer:
            if not last or not last[0].is_final:
                last[:] = [ask(question)]
            return last[0]

        return asked

    return [guarded(ask) for ask in asks]


def _told(checks: Sequence[CheckReport], index: int, text: str) -> tuple[CheckReport, ...]:
    finding = checks[index].finding
    told = replace(checks[index], finding=replace(finding, hint=" ".join(filter(None, [finding.hint, text]))))
    return (*checks[:index], told, *checks[index + 1 :])


def _opinion(backward: ExerciseKey, index: int, forward: ExerciseKey, ask: Ask, ask_forward: Ask) -> str:
    check = backward.checks[index]
    for (number,) in check.groups:
        question = backward.questions[number]
        answer = ask(question)
        if answer.finding or question.driver:
            return ""
        options = options_of(check)
        if decide([answer.value], [question], backward.returns, None, options):
            parts = _wrong_parts(backward, question, answer.value, options.parts)
            verdicts = {_is_slope(backward, forward, question, part, answer.value, ask_forward) for part in parts}
            return _sentence(forward.name, [backward.returns[part] for part in parts], verdicts)
    return ""


def _sentence(forward: str, parts: Sequence[str], verdicts: set[bool | None]) -> str:
    subject, verb = " and ".join(parts), "are" if len(parts) > 1 or is_plural(parts[0]) else "is"
    if verdicts == {True}:
        return f"{subject} {verb} the slope of your own {forward}, which is wrong itself: fix {forward} first."
    return f"{subject} {verb} not the slope of your own {forward} either." if verdicts == {False} else ""


def _wrong_parts(backward: ExerciseKey, question: Question, answer: Any, parts: Sequence[int] | None) -> list[int]:
    """The indices of the wrong gradients in the answer; 0 if the answer is a single array."""
    if len(backward.returns) == 1:
        return [0]
    every = range(len(backward.returns)) if parts is None else parts
    return [i for i in every if decide([answer], [question], backward.returns, None, Options((i,)))]


def _is_slope(
    backward: ExerciseKey, forward: ExerciseKey, question: Question, part: int, answer: Any, ask_forward: Ask
) -> bool | None:
    """Whether a gradient is the slope of the student's forward along a random direction; None if that is uncertain."""
    count = len(forward.returns)
    upstream = [question.inputs.get(name) for name in backward.parameters[:count]]
    inputs = {name: question.inputs[name] for name in backward.parameters[count:] if name in question.inputs}
    gradient = answer if len(backward.returns) == 1 else answer[part]
    point = inputs.get(backward.returns[part].removeprefix("d"))
    if not isinstance(point, np.ndarray) or point.dtype.kind != "f" or not is_numeric(gradient):
        return None
    gradient = np.asarray(gradient)
    if gradient.dtype.kind not in "fiu" or gradient.shape != point.shape:
        return None
    direction = like(point, Draw(np.random.default_rng(0)))
    name = backward.returns[part].removeprefix("d")
    slopes = []
    for h in STEPS:
        sides = []
        for sign in (1, -1):
            moved = replace(question, inputs=inputs | {name: point + sign * h * direction})
            sides.append(_loss(ask_forward(moved), upstream))
        slopes.append((sides[0] - sides[1]) / (2 * h))
    with np.errstate(all="ignore"):
        terms = gradient * direction
        size = max(float(np.abs(terms).sum()), abs(slopes[0]))
    if not np.isfinite([*slopes, size]).all() or size == 0 or abs(slopes[0] - slopes[1]) > STEADY * size:
        return None
    distance = abs(float(terms.sum()) - slopes[0]) / size
    return True if distance <= SAME else False if distance >= OTHER else None


def _loss(answer: Answer, upstream: Sequence[Any]) -> float:
    """The sum of the forward's answers, weighted by the upstream gradients; nan if the answers do not fit them."""
    outs = [answer.value] if len(upstream) == 1 else answer.value
    if answer.finding or not isinstance(outs, list | tuple) or len(outs) != len(upstream):
        return np.nan
    pairs = list(zip(outs, upstream, strict=True))
    if any(not isinstance(out, np.ndarray) or out.dtype.kind != "f" or out.shape != np.shape(up) for out, up in pairs):
        return np.nan
    with np.errstate(all="ignore"):
        return float(sum((out * up).sum() for out, up in pairs))
