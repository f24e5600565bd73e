"""One claim is decided: met, met but for something small, or not met and why.

Something small costs one point and no more: an input that is changed in place, which is a claim by itself, and an answer
that is right to five digits, where some small constant is in the way.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from grader.answer import Answer
from grader.frozen import frozen
from grader.grading.copying import with_copies
from grader.judging.compare import only
from grader.judging.kinds.registry import decide, kind_of, options_of
from grader.judging.nearly import nearly
from grader.judging.traces import Raised
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import CheckReport, Finding, Status

Answers = Callable[[int], Answer | None]
KEEP = "The caller still needs that array: work on a copy, or write `x = x - m`, not `x -= m`."


@frozen
class Verdict:
    """A check's report, and the status that the exercise gets from it: passed, skipped, failed, error, timeout, …

    `changed` says that an input is changed on the way to what is right otherwise; the report does not count it.
    """

    report: CheckReport
    status: Status
    changed: Finding | None = None


def verdict(
    check: CheckKey, exercise: ExerciseKey, answer: Answers, ask: Callable[[Question], Answer], most: int | None = None
) -> Verdict:
    """Decide a check on its cases, or on the first `most` of them. `answer` gives the answer to a question's number, None
    where nothing can be asked any more; `ask` asks a question that the key does not have."""
    small, changed = None, None
    for group, facts in [*zip(check.groups, check.facts, strict=True)][:most]:
        answers = []
        for number in group:
            got = answer(number)
            if got is None:
                return Verdict(CheckReport(check.claim, Status.SKIPPED, 0, check.points), Status.SKIPPED)
            if got.finding and not (number == group[0] and is_asked_for(check, got)):
                return _lost(check, got.finding, got.status)
            answers.append(got)
        questions = [exercise.questions[number] for number in group]
        mutated = _mutation(answers, questions)
        wrong = _wrong(check, exercise, answers, questions, facts)
        if mutated and wrong and exercise.way_of(questions[0]).driver:
            # of several steps, the later ones are wrong because of what the first has changed
            if _wrong(check, exercise, [ask(with_copies(exercise, each)) for each in questions], questions, facts):
                return _lost(check, mutated)
            wrong = None
        if wrong and not (near := _nearly(check, exercise, answers[0], questions[0])):
            return _lost(check, wrong)
        small, changed = small or (near if wrong else None), changed or mutated
    if small:
        return _lost(check, small, points=check.points - 1)
    return Verdict(CheckReport(check.claim, Status.PASSED, check.points, check.points), Status.PASSED, changed)


def charged(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, where a changed input costs the exercise one point: the first claim that it touches says so."""
    charged = list(verdicts)
    for index, item in enumerate(verdicts):
        if item.changed:
            charged[index] = _lost(item.report, item.changed, points=item.report.points - 1)
            break
    return charged


def _lost(check: Any, finding: Finding, status: Status = Status.FAILED, points: int = 0) -> Verdict:
    most = check.max_points if isinstance(check, CheckReport) else check.points
    return Verdict(CheckReport(check.claim, Status.FAILED, points, most, finding), status)


def _wrong(
    check: CheckKey, exercise: ExerciseKey, answers: Sequence[Answer], questions: list[Question], facts: Any
) -> Finding | None:
    failed = next((got.finding for got in answers[1:] if got.finding), None)
    return failed or decide(check, [got.value for got in answers], questions, exercise.returns_of(check), facts)


def _nearly(check: CheckKey, exercise: ExerciseKey, got: Answer, question: Question) -> Finding | None:
    """A finding if the answer is held against the right one, is no mistake's, and right but for its last digits."""
    if not kind_of(check).compares:
        return None
    parts = options_of(check).parts
    mistakes = [only(theirs, question.expected, parts) for theirs in question.mistakes.values() if theirs is not None]
    yours = replace(question, mistakes=dict(enumerate(mistakes)))
    return nearly(only(got.value, question.expected, parts), yours, exercise.returns_of(check))


def is_asked_for(check: CheckKey, got: Answer) -> bool:
    """Whether an exception is the right answer. `NotImplementedError` never is, because the stub raises it."""
    error = kind_of(check).error(options_of(check))
    return bool(error) and isinstance(got.value, Raised) and error in got.value.names


def _mutation(answers: Sequence[Answer], questions: Sequence[Question]) -> Finding | None:
    for got, question in zip(answers, questions, strict=True):
        if got.changed:
            names = " and ".join(got.changed)
            return Finding("mutated", f"your function changes its input {names} (case: {question.label})", KEEP)
    return None
