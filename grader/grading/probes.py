"""What a few more questions tell of a function that failed: does it remember, draw from elsewhere, or leave an argument out?

Each probe asks for no points. What it finds holds whatever else is wrong, and stands where no mistake was named.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from grader.answer import Answer, Ask
from grader.diagnosis.evidence import EVERYWHERE, Evidence, one_answer_for_all
from grader.diagnosis.explain import only_locates
from grader.diagnosis.explain_factors import ASKS
from grader.diagnosis.lexicon_torch import CUT
from grader.diagnosis.pairs import BOTH
from grader.frozen import frozen
from grader.grading.verdicts import verdict
from grader.grading.what_if import what_if
from grader.judging.describing import named
from grader.judging.forms import in_case
from grader.judging.kinds.moves import FELT
from grader.judging.kinds.registry import kind_of
from grader.judging.nearly import CONSTANT
from grader.judging.reactions import changed, reacts, stays
from grader.key import ExerciseKey, Question
from grader.nest import SEQUENCES, at, is_numeric, numeric_leaves
from grader.report import CheckReport, ExerciseReport, Finding, Status
from grader.sandbox.wire import Seeded, same
from grader.text import together

Told = Callable[[Question], Answer | None]
HEAD = re.compile(r"^ *def \w+\(([^)]*)\)", re.MULTILINE)
ELSEWHERE = 3  # further cases in which an argument is tried that does nothing in one
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


@frozen
class Probe:
    """How a function is asked: `told` gives what it has answered in its turn, `ask` asks anew, `alone` in a fresh process."""

    told: Told
    ask: Ask
    alone: Ask


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
    text = _unused(exercise, probe)
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
        return KEPT if not fresh.is_final and not fresh.finding and _is_right(fresh, question) else EITHER
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


def _is_right(got: Answer, question: Question) -> bool:
    return not reacts(question.expected, got.value)


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
            asked.append(Evidence(question, got.value, _is_right(got, question), got.value))
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


def _is_right_somewhere(exercise: ExerciseKey, probe: Probe) -> bool:
    """Whether an answer to one of the questions that compare answers is right."""
    compared = {group[0] for check in exercise.checks if kind_of(check).compares for group in check.groups}
    answers = ((probe.told(exercise.questions[number]), exercise.questions[number]) for number in sorted(compared))
    return any(got and not got.finding and _is_right(got, question) for got, question in answers)


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


def _unused(exercise: ExerciseKey, probe: Probe) -> str:
    """A sentence on the arguments to which the reference's answer reacts, and the student's does not; empty if all are such."""
    unused = []
    for name, number in exercise.reacts.items():
        question = exercise.questions[number]
        if (other := changed(question.inputs.get(name))) is None:
            continue
        before = probe.told(question) or probe.ask(question)
        after = probe.ask(replace(question, inputs=question.inputs | {name: other}))
        if before.is_final or after.is_final:
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


def _as_students_know_them(exercise: ExerciseKey, unused: Sequence[str]) -> list[str]:
    """Of inputs that do nothing, those that are parameters of what the student writes.

    The others are a driver's: it builds a function or a network from them, which is named where it is the one parameter
    that no input is, and of which none of its inputs does anything.
    """
    parameters = _parameters(exercise)
    known = [name for name in unused if not parameters or name in parameters]
    inputs = {name for question in exercise.questions for name in question.inputs}
    built = [name for name in parameters if name not in {"self", *inputs}]
    from_them = [name for name in exercise.reacts if name not in parameters]
    is_left_out = len(built) == 1 and from_them and set(from_them) <= set(unused)
    return built + known if is_left_out else known


def _parameters(exercise: ExerciseKey) -> list[str]:
    """The parameters of all functions and methods that the student writes, by the stub; none without one."""
    lists = (arguments.split(",") for arguments in HEAD.findall(exercise.stub))
    names = (item.partition("=")[0].strip(" *") for arguments in lists for item in arguments)
    return list(dict.fromkeys(filter(str.isidentifier, names)))


def _with_another_argument(exercise: ExerciseKey, unnamed: Sequence[Finding], probe: Probe) -> str:
    """What `what_if` finds, where something is told of which only the place is known."""
    if not any(only_locates(finding.hint) for finding in unnamed if finding.kind != "mutated"):
        return ""
    names = [name for name in _parameters(exercise) or exercise.parameters if name != "self"]
    return what_if(exercise, names, probe.told, probe.ask)
