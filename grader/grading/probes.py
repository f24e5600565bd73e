"""What a few more questions tell of a function that failed: does it remember, draw from elsewhere, or leave an argument out?

Each probe asks for no points. What it finds holds whatever else is wrong, and stands where no mistake was named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from grader.answer import Answer
from grader.diagnosis.evidence import EVERYWHERE, Evidence, one_answer_for_all
from grader.diagnosis.explain import only_locates
from grader.diagnosis.explain_factors import ASKS
from grader.diagnosis.lexicon_torch import CUT
from grader.diagnosis.pairs import BOTH
from grader.grading.probe import Probe, is_right
from grader.grading.unused import parameters, unused_arguments
from grader.grading.verdicts import verdict
from grader.grading.what_if import what_if
from grader.judging.describing import named
from grader.judging.forms import in_case
from grader.judging.kinds.moves import FELT
from grader.judging.nearly import CONSTANT
from grader.key import ExerciseKey, Question
from grader.nest import at, is_numeric, numeric_leaves
from grader.report import CheckReport, ExerciseReport, Finding, Status
from grader.sandbox.wire import Seeded, same
from grader.text import together

TWICE = "Asked twice with the same generator in the same state, your function gives two answers."
DRAWN = (
    f"{TWICE} Draw every number from {{}}: "
    "NumPy's global generator (np.random.…), torch.rand and a generator of your own go on where an earlier call has left them."
)
KEPT = (
    "Your function remembers an earlier call: asked first, it gives another answer than later on. What is kept between "
    "calls: a default argument such as [] or {}, a global name, an attribute of a class? Each call must start anew."
)
EITHER = (
    "Asked twice for the same, your function gives two answers. Is something kept from an earlier call (a default argument "
    "such as [] or {}, a global name, an attribute of a class), drawn anew where the numbers are given, or never written into "
    "an array from np.empty or torch.empty?"
)
NOT_PASSED = "is what it belongs to left out, cut off (.item(), .detach(), .data, torch.tensor(…)), or does it cancel?"
AGAIN = "asked once more at the end, it is not right any longer: "


def probed(exercise: ExerciseKey, report: ExerciseReport, probe: Probe) -> ExerciseReport:
    """The report with what the probes find of what failed; of what passed, with what asking once more shows."""
    if report.status is Status.PASSED:
        return _once_more(exercise, report, probe)
    unnamed = [check.finding for check in report.checks if check.finding and not check.finding.mistake]
    if report.status not in (Status.FAILED, Status.ERROR) or all(item.kind == "mutated" for item in unnamed):
        return report
    if text := _no_gradient(exercise, probe) or _two_answers(exercise, report, probe):
        known = _withdrawn(exercise, report) if text.startswith(TWICE) else report
        return _with_hint(known, text, replaces=True)
    text = unused_arguments(exercise, probe)
    if not text and not any(check.finding and check.finding.mistake for check in report.checks):
        text = _with_another_argument(exercise, unnamed, probe)
    return _with_hint(report, text, replaces=False) if text else report


def _with_hint(report: ExerciseReport, text: str, replaces: bool) -> ExerciseReport:
    def told(check: CheckReport) -> CheckReport:
        if not check.finding or check.finding.mistake or check.finding.kind == "mutated":
            return check
        if not replaces and (
            check.finding.hint.startswith(BOTH) or EVERYWHERE in check.finding.hint
        ):  # which says more
            return check
        is_guess = check.finding.hint in (CONSTANT, FELT) or ASKS in check.finding.hint  # at what this says
        before = "" if replaces or is_guess else check.finding.hint
        return replace(check, finding=replace(check.finding, hint=" ".join(filter(None, [before, text]))))

    return replace(report, checks=tuple(map(told, report.checks)))


def _withdrawn(exercise: ExerciseKey, report: ExerciseReport) -> ExerciseReport:
    """The report without what a function has earned by answering otherwise to another generator, as it does to the same."""

    def told(check: CheckReport, groups: Sequence[Sequence[int]]) -> CheckReport:
        given = [[exercise.questions[number].inputs for number in group] for group in groups]
        if check.status is not Status.PASSED or not any(_has_other_generator(group) for group in given):
            return check
        where = in_case(exercise.questions[groups[0][0]])
        finding = Finding("value", f"another generator changes your answer, but so does the same one ({where})")
        return replace(check, status=Status.FAILED, points=0, finding=finding)

    checks = tuple(told(check, key.groups) for check, key in zip(report.checks, exercise.checks, strict=True))
    return replace(report, checks=checks, points=sum(check.points for check in checks))


def _has_other_generator(given: Sequence[dict]) -> bool:
    return any(
        isinstance(value, Seeded) and other.get(name) != value
        for other in given[1:]
        for name, value in given[0].items()
    )


def _first(exercise: ExerciseKey) -> Question:
    return exercise.questions[exercise.checks[0].groups[0][0]]


def _once_more(exercise: ExerciseKey, report: ExerciseReport, probe: Probe) -> ExerciseReport:
    """The first question once more: what objects or calls have left behind shows now, and costs the first claim."""
    check, first = exercise.checks[0], _first(exercise)
    again = probe.ask(first)
    if again.is_final or same(again.value, probe.told(first).value):
        return report

    def answer(number: int) -> Answer | None:
        return again if exercise.questions[number] is first else probe.told(exercise.questions[number])

    found = verdict(check, exercise, answer, probe.ask, most=1).report
    if not found.finding or found.finding.kind == "mutated":
        return report
    text = _two_answers(exercise, report, probe) or EITHER
    finding = replace(found.finding, message=f"{AGAIN}{found.finding.message}", hint=text)
    checks = (replace(report.checks[0], status=Status.FAILED, points=0, finding=finding), *report.checks[1:])
    return replace(report, status=Status.FAILED, checks=checks, points=sum(item.points for item in checks))


def _two_answers(exercise: ExerciseKey, report: ExerciseReport, probe: Probe) -> str:
    """A sentence if the first question, or one that failed, gets another answer now than it got before."""
    for question in _asked_twice(exercise, report):
        before, now = probe.told(question), probe.ask(question)
        if not before or before.is_final or now.is_final:
            return ""
        if _is_alike(before, now):
            continue
        generators = [name for name, value in question.inputs.items() if isinstance(value, Seeded)]
        if generators:
            return DRAWN.format(together(generators))
        fresh = probe.alone(question)
        return KEPT if not fresh.is_final and not fresh.finding and is_right(fresh, question) else EITHER
    return ""


def _asked_twice(exercise: ExerciseKey, report: ExerciseReport) -> Iterator[Question]:
    yield _first(exercise)
    for check, told in zip(exercise.checks, report.checks, strict=True):
        if told.finding:
            yield from (exercise.questions[group[0]] for group in check.groups if _is_of(told, exercise, group))
            return


def _is_of(told: CheckReport, exercise: ExerciseKey, group: Sequence[int]) -> bool:
    return told.finding.message.endswith(f"(case: {exercise.questions[group[0]].label})")


def _is_alike(one: Answer, other: Answer) -> bool:
    if one.finding or other.finding:
        return bool(one.finding and other.finding and one.finding.message == other.finding.message)
    return same(one.value, other.value)


def _no_gradient(exercise: ExerciseKey, probe: Probe) -> str:
    """A sentence if a gradient that should come back through answers is 0 in all of them, or why there can be none."""
    if exercise.torch and (text := _one_number(exercise, probe)):
        return text
    is_cut: dict[tuple, bool] = {}
    for question in exercise.questions if exercise.torch else ():
        got = probe.told(question)
        if not got or got.finding:
            continue
        for path, leaf in numeric_leaves(question.expected):
            if _is_gradient(path, exercise) and np.any(leaf):  # a hinge has slope 0 here and there, and is not cut
                is_cut[tuple(path)] = is_cut.get(tuple(path), True) and _is_zero(got.value, path)
    cut = list(dict.fromkeys(named(path, exercise.returns) for path, is_zero in is_cut.items() if is_zero))
    if len(cut) < len({named(path, exercise.returns) for path in is_cut}):
        return f"{together(cut)} {'are' if len(cut) > 1 else 'is'} 0 everywhere: {NOT_PASSED}" if cut else ""
    return CUT if cut else ""


def _one_number(exercise: ExerciseKey, probe: Probe) -> str:
    """A sentence if what was answered, gradients apart, is one number whatever comes in: nothing is computed, or cut."""
    asked = []
    for question in exercise.questions:
        got, paths = probe.told(question), [path for path, _ in numeric_leaves(question.expected)]
        if got and not got.finding and not any(_is_gradient(path, exercise) for path in paths):
            asked.append(Evidence(question, got.value, is_right(got, question), got.value))
    return "" if any(item.is_right for item in asked) else one_answer_for_all(asked)


def _is_gradient(path: Sequence, exercise: ExerciseKey) -> bool:
    name = named(tuple(path), exercise.returns)
    return "grad" in name or "slope" in name


def _is_zero(answer: object, path: Sequence) -> bool:
    try:
        part = at(answer, tuple(path))
    except (TypeError, KeyError, IndexError):
        return False
    return is_numeric(part) and np.asarray(part).dtype.kind == "f" and not np.any(part)


def _with_another_argument(exercise: ExerciseKey, unnamed: Sequence[Finding], probe: Probe) -> str:
    """What `what_if` finds, where something is told of which only the place is known."""
    if not any(only_locates(finding.hint) for finding in unnamed if finding.kind != "mutated"):
        return ""
    names = [name for name in parameters(exercise) or exercise.parameters if name != "self"]
    return what_if(exercise, names, probe)
