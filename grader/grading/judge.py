"""Grade one exercise: ask the questions, decide the checks, diagnose. `ask` is a parameter: no process starts here."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from grader.answer import Answer as Answer
from grader.answer import Ask as Ask
from grader.grading.causes import VALUES, telling_questions, with_causes
from grader.grading.probe import Ahead, Probe
from grader.grading.probes import probed
from grader.grading.verdicts import charged, verdict
from grader.identity import ByIdentity
from grader.judging.compare import turned
from grader.judging.kinds.registry import is_run
from grader.key import ExerciseKey, Question
from grader.report import CheckReport, ExerciseReport, Finding, Status


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

    def other(question: Question) -> Answer:
        return _turned(ask(question), question, exercise)

    verdicts = charged([verdict(check, exercise, answer, other) for check in exercise.checks])
    checks = [item.report for item in verdicts]
    status = _overall([item.status for item in verdicts], over)
    if diagnoses and not is_run(exercise) and any(check.finding and check.finding.kind in VALUES for check in checks):
        for number in telling_questions(exercise):  # a diagnosis must fit every case, not only up to the first failure
            answer(number)
        checks = with_causes(exercise, checks, asked)
    return ExerciseReport(
        id=f"{unit}.{exercise.name}",
        status=status,
        points=sum(check.points for check in checks),
        max_points=exercise.points,
        seconds=time.perf_counter() - start,
        checks=tuple(checks),
        printed="".join(item.printed for item in asked.values()),
    )


def decide(
    exercise: ExerciseKey,
    ask: Ask,
    unit: str,
    alone: Ask | None = None,
    more: Ask | None = None,
    ahead: Ahead = lambda questions: None,
) -> ExerciseReport:
    """Grade an exercise as `judge` does, but if a diagnosis raises, leave the diagnoses out and keep the verdict.

    An exception in a rule is our fault and is raised, and so is whatever `ask` raises. No question is asked twice, but
    where `alone` is there, which asks in a fresh process: then the probes ask by `more`, which earns no points. `ahead` is told
    what they ask next.
    """
    told: ByIdentity[Question, Answer | Exception] = ByIdentity()

    def remembered(question: Question) -> Answer:
        if question not in told:
            try:
                told[question] = ask(question)
            except Exception as error:
                told[question] = error
        if isinstance(answer := told[question], Exception):
            raise answer
        return answer

    try:
        report = judge(exercise, remembered, unit)
        if alone and not is_run(exercise) and not any(isinstance(answer, Exception) for answer in told.values()):
            report = probed(exercise, report, _probe(exercise, told, more or ask, alone, ahead))
    except Exception:
        report = judge(exercise, remembered, unit, diagnoses=False)
    return report


def _probe(exercise: ExerciseKey, told: ByIdentity[Question, Any], ask: Ask, alone: Ask, ahead: Ahead) -> Probe:
    """A probe to which answers come with their free signs turned, as they came to the rules."""

    def known(question: Question) -> Answer | None:
        return _turned(told[question], question, exercise) if question in told else None

    def fitted(ask: Ask) -> Ask:
        return lambda question: _turned(ask(question), question, exercise)

    return Probe(known, fitted(ask), fitted(alone), ahead)


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


def _overall(statuses: Sequence[Status], over: Sequence[Answer]) -> Status:
    """The exercise's status: that of a final answer if there is one, else that of the first failure, else passed."""
    if over:
        return over[0].status
    failures = [status for status in statuses if status is not Status.PASSED]
    return failures[0] if failures else Status.PASSED
