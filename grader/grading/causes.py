"""Why an exercise's answers are wrong: the evidence is gathered, and each claim that is not met gets the cause that fits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from grader.answer import Answer
from grader.diagnosis.diagnose import Diagnosis, constant, diagnose, is_contradicted, named_mistake
from grader.diagnosis.evidence import Evidence, weighed
from grader.grading.verdicts import is_asked_for
from grader.judging.compare import difference, only
from grader.judging.kinds.moves import FELT
from grader.judging.kinds.registry import kind_of, options_of
from grader.judging.nearly import CONSTANT
from grader.key import CheckKey, ExerciseKey
from grader.report import CheckReport

DIGITS = "digits only"  # words of an explanation that says more than that some small constant is in the way
VALUES = {"value", "shape", "dtype", "type", "nonfinite"}


def telling_questions(exercise: ExerciseKey) -> list[int]:
    """The numbers of the questions that diagnoses are based on, in order."""
    groups = [group for check in exercise.checks for group in check.groups if len(group) == 1 or kind_of(check).trace]
    return sorted({number for group in groups for number in group})


def with_causes(exercise: ExerciseKey, checks: list[CheckReport], asked: Mapping[int, Answer]) -> list[CheckReport]:
    """Put a diagnosis into the hint of each check whose values are wrong, if one fits.

    A diagnosis that fits every answer to the exercise comes first. If two mistakes were made at once there is none, but
    one may still fit all answers of a single check, or one part of them.
    """
    evidence = weighed(_evidence(exercise, asked))
    together = [item for group in evidence for item in group]
    is_partly_right = any(check.points for check in checks) or len(together) == 1  # of one case, more cannot be asked
    everywhere, also_wrong = constant(together), _wrong_beside(exercise, checks)
    whole = everywhere or diagnose(exercise, together, is_partly_right, also_wrong)
    diagnosed = list(checks)
    for index, (report, items) in enumerate(zip(checks, evidence, strict=True)):
        if not items or not report.finding or report.finding.kind not in VALUES:
            continue
        is_told = everywhere or (whole and whole.mistake)
        of_part = None if is_told else _of_part(exercise, exercise.checks[index], items, together, is_partly_right)
        found = of_part or whole or _of_claim(exercise, items, together, is_partly_right, also_wrong)
        if found and (found.mistake or DIGITS in found.text or report.finding.hint != CONSTANT):
            finding = replace(report.finding, hint=found.text, mistake=found.mistake)
            diagnosed[index] = replace(report, finding=finding)
    if any(report.finding and report.finding.mistake for report in diagnosed):
        return [_without_a_guess(report) for report in diagnosed]
    return diagnosed


def _without_a_guess(report: CheckReport) -> CheckReport:
    """A report without the question that a claim asks of itself, where a mistake is known."""
    if not report.finding or report.finding.hint != FELT:
        return report
    return replace(report, finding=replace(report.finding, hint=""))


def _of_claim(
    exercise: ExerciseKey,
    items: Sequence[Evidence],
    together: Sequence[Evidence],
    is_partly_right: bool,
    also_wrong: Collection[str],
) -> Diagnosis | None:
    """What fits the answers of one claim. Where a mistake has other answers elsewhere, they must bear it out by themselves."""
    found = diagnose(exercise, items, is_partly_right, also_wrong, tries_pairs=False)
    if found and found.mistake and is_contradicted(exercise, found.mistake, together):
        return diagnose(exercise, items, False, also_wrong, tries_pairs=False)
    return found


def _wrong_beside(exercise: ExerciseKey, checks: Sequence[CheckReport]) -> set[str]:
    """The labels of cases on which a claim is not met of which the compared answers say nothing."""
    labels = set()
    for check, report in zip(exercise.checks, checks, strict=True):
        questions = [exercise.questions[number] for group in check.groups for number in group]
        is_beside = not kind_of(check).compares or any(question.driver for question in questions)
        if is_beside and report.finding and report.finding.kind != "mutated":
            labels |= {question.label for question in questions}
    return labels


def _of_part(
    exercise: ExerciseKey,
    check: CheckKey,
    items: Sequence[Evidence],
    together: Sequence[Evidence],
    is_partly_right: bool,
) -> Diagnosis | None:
    """The one listed mistake that explains the parts of the answer which a check looks at, whatever the others are.

    Where these parts are otherwise in another claim's cases, the check's own must bear the mistake out by themselves.
    """
    if not kind_of(check).compares or (parts := options_of(check).parts) is None:
        return None
    drivers = {item.question.driver for item in items}
    alike = [item for item in together if item.question.driver in drivers]  # another driver's answer has other parts
    own, everywhere = ([_part_of(item, parts) for item in some] for some in (items, alike))
    found = named_mistake(exercise, own, is_partly_right)
    if found and is_contradicted(exercise, found.mistake, everywhere):
        return named_mistake(exercise, own)
    return found


def _part_of(item: Evidence, parts: Sequence[int | str]) -> Evidence:
    """The evidence of some parts of an answer alone; a trace has no parts, nor has an answer of another form."""
    answer = only(item.answer, item.question.expected, parts)
    if answer is item.answer:
        return item
    return replace(
        item, answer=answer, is_right=not difference(answer, item.question.expected, item.question.tolerance)
    )


def _evidence(exercise: ExerciseKey, asked: Mapping[int, Answer]) -> list[list[Evidence]]:
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
            failed = next((item.finding for item in got if item.finding and not is_asked_for(check, item)), None)
            values = [item.value for item in got]
            finding = failed or kind.decide(values, questions, exercise.returns_of(check), facts, whole)
            answer = None if failed else kind.trace(values, facts, options) if kind.trace else values[0]
            items.append(Evidence(questions[-1], answer, finding is None, None if failed else values))
    return evidence
