"""Answers that nobody computes are given to an exercise: none may be called a mistake that it is not.

Zeros, ones and nan are no mistake at all. An input that is handed back, negated or halved is one only where a listed
mistake answers just so, in two cases or beside a claim that is met.
"""

from collections.abc import Iterator

from grader.diagnosis.evidence import ENOUGH, Evidence, bears_out, weighed
from grader.grading.judge import Ask
from grader.judging.compare import difference, only
from grader.judging.kinds.registry import kind_of, options_of
from grader.key import CheckKey, ExerciseKey, Question
from grader.nest import numeric_leaves
from grader.report import ExerciseReport

ONE_NUMBER = ("zeros", "ones", "nan")  # as lazy answers are called


def mistakes_named(report: ExerciseReport) -> set[str]:
    """The mistakes that a report names."""
    return {check.finding.mistake for check in report.checks if check.finding and check.finding.mistake}


def undeserved(how: str, ask: Ask, key: ExerciseKey, report: ExerciseReport) -> Iterator[str]:
    """The names of mistakes that a lazy answer gets and does not deserve. `ask` asks it, `report` is what it was told.

    Where a check compares traces, that a name fits them is all there is.
    """
    for name in sorted(mistakes_named(report)):
        told = zip(key.checks, report.checks, strict=True)
        naming = [check for check, said in told if said.finding and said.finding.mistake == name]
        cases = [(check, key.questions[group[0]]) for check in naming for group in check.groups]
        alike = [kind_of(check).trace or _is_alike(ask, question, check, name) for check, question in cases]
        is_enough = len(alike) + (report.points > 0) >= ENOUGH
        if how in ONE_NUMBER or not all(alike) or not is_enough:
            yield name


def _is_alike(ask: Ask, question: Question, check: CheckKey, mistake: str) -> bool:
    """Whether an answer is a mistake's, in the parts that a check looks at."""
    theirs = question.mistakes.get(mistake, question.expected)
    tolerance = [max(question.tolerance, default=0.0)] * len(numeric_leaves(theirs))
    parts = getattr(options_of(check), "parts", None)
    return not difference(only(ask(question).value, theirs, parts), theirs, tolerance)


def tells_little(key: ExerciseKey, mistake: str, report: ExerciseReport, ask: Ask) -> bool:
    """Whether a mistake's answers could hardly be otherwise, as one number everywhere: from these it is not named.

    `ask` asks the mistake, `report` is what it was told.
    """
    wrong = [question for question in key.questions if mistake in question.mistakes]
    own = weighed([[Evidence(question, True, False, ask(question).value) for question in wrong]])
    return not bears_out(own[0], is_partly_right=report.points > 0)
