"""Grade one exercise: ask the questions, decide the checks, diagnose. `ask` is a parameter: no process starts here."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.diagnosis.diagnose import Diagnosis, Evidence, diagnose, named_mistake
from grader.judging.compare import difference, only, turned
from grader.judging.kinds.registry import decide as decide_check
from grader.judging.kinds.registry import is_run, kind_of, options_of
from grader.judging.traces import Raised
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import CheckReport, ExerciseReport, Finding, Status


@dataclass(frozen=True)
class Answer:
    """The reply to one question: a value, or a finding and a status that say why there is none.

    `is_final` means that nothing more can be asked of this exercise: the time is up, or the process is gone. `changed`
    names the inputs that the call modified. An exception of the student's code gives both a finding and a `Raised` as
    value.
    """

    value: Any = None
    finding: Finding | None = None
    status: Status = Status.PASSED
    is_final: bool = False
    changed: Sequence[str] = ()
    printed: str = ""


Ask = Callable[[Question], Answer]


def judge(exercise: ExerciseKey, ask: Ask, unit: str, diagnoses: bool = True) -> ExerciseReport:
    """Grade an exercise. Each question is asked once, in the order of the checks, until an answer is final.

    Without `diagnoses` the points are the same, but no cause is given.
    """
    start = time.perf_counter()
    asked: dict[int, Answer] = {}
    over: list[Answer] = []

    def answer(number: int) -> Answer | None:
        if number not in asked:
            if over:
                return None
            asked[number] = _turned(ask(exercise.questions[number]), exercise.questions[number], exercise)
            if asked[number].is_final:
                over.append(asked[number])
        return asked[number]

    checks, statuses = [], []
    for check in exercise.checks:
        report, status = _decide(check, exercise, answer)
        checks.append(report)
        statuses.append(status)
    status = _overall(statuses, over)
    if diagnoses and not is_run(exercise) and any(check.finding and check.finding.kind in VALUES for check in checks):
        for number in _telling_questions(exercise):  # a diagnosis must fit every case, not only up to the first failure
            answer(number)
        checks = _with_diagnosis(exercise, checks, asked)
    return ExerciseReport(
        id=f"{unit}.{exercise.name}",
        status=status,
        points=sum(check.points for check in checks),
        max_points=exercise.points,
        seconds=time.perf_counter() - start,
        checks=tuple(checks),
        printed="".join(item.printed for item in asked.values()),
    )


def decide(exercise: ExerciseKey, ask: Ask, unit: str) -> ExerciseReport:
    """Grade an exercise as `judge` does, but if a diagnosis raises, leave the diagnoses out and keep the verdict.

    An exception in a rule is our fault and is raised, and so is whatever `ask` raises. No question is asked twice.
    """
    told: dict[int, Answer | Exception] = {}

    def remembered(question: Question) -> Answer:
        if id(question) not in told:
            try:
                told[id(question)] = ask(question)
            except Exception as error:
                told[id(question)] = error
        if isinstance(answer := told[id(question)], Exception):
            raise answer
        return answer

    try:
        return judge(exercise, remembered, unit)
    except Exception:
        return judge(exercise, remembered, unit, diagnoses=False)


def _turned(got: Answer, question: Question, exercise: ExerciseKey) -> Answer:
    """The answer with its free signs flipped to match the expected ones."""
    if got.finding or not (signs := exercise.signs_of(question)):
        return got
    return replace(got, value=turned(got.value, question.expected, signs))


def unasked(exercise: ExerciseKey, unit: str, status: Status, finding: Finding) -> ExerciseReport:
    """The report of an exercise that could not be asked at all: 0 points, the first check failed with the finding."""
    checks = [CheckReport(check.claim, Status.SKIPPED, 0, check.points) for check in exercise.checks]
    checks[0] = replace(checks[0], status=Status.FAILED, finding=finding)
    return ExerciseReport(f"{unit}.{exercise.name}", status, 0, exercise.points, 0.0, tuple(checks))


def put_off(exercise: ExerciseKey, unit: str, status: Status, finding: Finding | None = None) -> ExerciseReport:
    """The report of an exercise that is not asked this time: 0 points, every check skipped."""
    checks = [CheckReport(check.claim, Status.SKIPPED, 0, check.points) for check in exercise.checks]
    checks[0] = replace(checks[0], finding=finding)
    return ExerciseReport(f"{unit}.{exercise.name}", status, 0, exercise.points, 0.0, tuple(checks))


def _decide(
    check: CheckKey, exercise: ExerciseKey, answer: Callable[[int], Answer | None]
) -> tuple[CheckReport, Status]:
    """The check's report, and the status that the exercise gets from it: passed, skipped, failed, error, timeout, …"""

    def failed(finding: Finding, status: Status) -> tuple[CheckReport, Status]:
        return CheckReport(check.claim, Status.FAILED, 0, check.points, finding), status

    for group, facts in zip(check.groups, check.facts, strict=True):
        answers = []
        for number in group:
            got = answer(number)
            if got is None:
                return CheckReport(check.claim, Status.SKIPPED, 0, check.points), Status.SKIPPED
            if got.finding and not (number == group[0] and _is_asked_for(check, got)):
                return failed(got.finding, got.status)
            answers.append(got)
        questions = [exercise.questions[number] for number in group]
        values, changed = [got.value for got in answers], _mutation(answers, questions)
        wrong = decide_check(check, values, questions, exercise.returns_of(check), facts)
        # of several steps, the later ones are wrong because of what the first has changed
        if finding := (changed or wrong) if exercise.way_of(questions[0]).driver else (wrong or changed):
            return failed(finding, Status.FAILED)
    return CheckReport(check.claim, Status.PASSED, check.points, check.points), Status.PASSED


def _is_asked_for(check: CheckKey, got: Answer) -> bool:
    """Whether an exception is the right answer. `NotImplementedError` never is, because the stub raises it."""
    error = kind_of(check).error(options_of(check))
    return bool(error) and isinstance(got.value, Raised) and error in got.value.names


def _mutation(answers: Sequence[Answer], questions: Sequence[Question]) -> Finding | None:
    for got, question in zip(answers, questions, strict=True):
        if got.changed:
            names = " and ".join(got.changed)
            message = f"your function changes its input {names} (case: {question.label})"
            return Finding(
                "mutated",
                message,
                "The caller still needs that array: work on a copy, or write `x = x - m`, not `x -= m`.",
            )
    return None


def _telling_questions(exercise: ExerciseKey) -> list[int]:
    """The numbers of the questions that diagnoses are based on, in order."""
    groups = [group for check in exercise.checks for group in check.groups if len(group) == 1 or kind_of(check).trace]
    return sorted({number for group in groups for number in group})


def _with_diagnosis(exercise: ExerciseKey, checks: list[CheckReport], asked: dict[int, Answer]) -> list[CheckReport]:
    """Put a diagnosis into the hint of each check whose values are wrong, if one fits.

    A diagnosis that fits every answer to the exercise comes first. If two mistakes were made at once there is none, but
    one may still fit all answers of a single check, or one part of them.
    """
    evidence = _evidence(exercise, asked)
    whole = diagnose(exercise, [item for group in evidence for item in group])
    diagnosed = list(checks)
    for index, (report, items) in enumerate(zip(checks, evidence, strict=True)):
        if not items or not report.finding or report.finding.kind not in VALUES:
            continue
        of_part = None if whole and whole.mistake else _of_part(exercise, exercise.checks[index], items)
        if found := of_part or whole or diagnose(exercise, items):
            finding = replace(report.finding, hint=found.text, mistake=found.mistake)
            diagnosed[index] = replace(report, finding=finding)
    return diagnosed


def _of_part(exercise: ExerciseKey, check: CheckKey, items: list[Evidence]) -> Diagnosis | None:
    """The one listed mistake that explains the parts of the answer which a check looks at, whatever the others are."""
    if not kind_of(check).compares or (parts := options_of(check).parts) is None:
        return None
    evidence = []
    for item in items:
        answer = only(item.answer, item.question.expected, parts)
        is_right = not difference(answer, item.question.expected, item.question.tolerance)
        evidence.append(Evidence(item.question, answer, is_right))
    return named_mistake(exercise, evidence)


def _evidence(exercise: ExerciseKey, asked: dict[int, Answer]) -> list[list[Evidence]]:
    """For each check that a diagnosis can use, the answers and whether they are right.

    If several answers are right, the evidence is a trace of the answers to a whole group instead (see TRACES).
    """
    evidence: list[list[Evidence]] = [[] for _ in exercise.checks]
    for check, items in zip(exercise.checks, evidence, strict=True):
        kind, options = kind_of(check), options_of(check)
        whole = replace(options, parts=None) if kind.compares else options  # a diagnosis looks at the whole answer
        for group, facts in zip(check.groups, check.facts, strict=True):
            if (len(group) > 1 and not kind.trace) or not all(number in asked for number in group):
                continue
            got, questions = [asked[number] for number in group], [exercise.questions[number] for number in group]
            failed = next((item.finding for item in got if item.finding and not _is_asked_for(check, item)), None)
            values = [item.value for item in got]
            finding = failed or kind.decide(values, questions, exercise.returns_of(check), facts, whole)
            answer = None if failed else kind.trace(values, facts, options) if kind.trace else values[0]
            items.append(Evidence(questions[-1], answer, finding is None))
    return evidence


VALUES = {"value", "shape", "dtype", "type", "nonfinite"}


def _overall(statuses: Sequence[Status], over: Sequence[Answer]) -> Status:
    """The exercise's status: that of a final answer if there is one, else that of the first failure, else passed."""
    if over:
        return over[0].status
    failures = [status for status in statuses if status is not Status.PASSED]
    return failures[0] if failures else Status.PASSED
