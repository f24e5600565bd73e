"""Prove a training run: the reference reaches its bar on every seed, and code that should fail misses it clearly.

A training run has no single right answer, so there is no oracle and no tolerance. The bar is set by statistics, and the
table shows the gap between the worst reference and the best mistake. It takes a hundred seeds to notice a reference
that fails for one student in fifty. A mistake that is worth listing is far from its bar, so every tenth seed is enough.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.authoring.answers import lazy_pieces
from grader.authoring.branches import branched
from grader.compiling.compile import compile_exercise
from grader.course.unit import Unit
from grader.grading.judge import Answer, Ask, judge
from grader.judging.kinds.reaches import Options
from grader.judging.kinds.registry import options_of
from grader.judging.metrics import METRICS
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import ExerciseReport

EVERY = 10  # seeds: rewrites, mistakes and lazy answers, a dozen runs for one of the reference, train on every tenth

Train = Callable[[Sequence[Callable], ExerciseKey], Ask]


@dataclass
class Scores:
    """The values of a run's first metric over all seeds, for correct and for wrong pieces."""

    metric: str
    options: Options
    right: list[float] = field(default_factory=list)
    wrong: list[float] = field(default_factory=list)

    @property
    def worst(self) -> str:
        """The worst value of correct pieces."""
        return self._text(self.right, max)

    @property
    def best(self) -> str:
        """The best value of wrong pieces."""
        return self._text(self.wrong, min)

    @property
    def bar(self) -> str:
        bounds = {"≥": self.options.least, "≤": self.options.most}
        text = METRICS[self.metric].text
        return " ".join(f"{sign} {text(bound)}" for sign, bound in bounds.items() if bound is not None)

    def _missing(self, value: float) -> float:
        """By how much a value misses the bar, on the side where it is nearer to missing it; negative if it does not."""
        least, most = self.options.least, self.options.most
        return max(-math.inf if least is None else least - value, -math.inf if most is None else value - most)

    def _text(self, values: list[float], pick: Callable) -> str:
        known = [value for value in values if not math.isnan(value)]
        return METRICS[self.metric].text(pick(known, key=self._missing)) if known else "none"


def prove_run(unit: Unit, name: str, seeds: range, train: Train, fail: Callable[[int, int, str], bool]) -> Scores:
    """Prove the rules that apply to a training run. Failures go to `fail`, which returns whether to go on."""
    scores: Scores | None = None
    for seed in seeds:
        key = compile_exercise(unit, name, seed)
        options = options_of(key.checks[0])
        scores = scores or Scores(options.metric, options)
        goes_on = True
        is_full = seed % EVERY == 0
        right = {"the reference": unit.pieces(name), **(unit.rewritten(name) if is_full else {})}
        wrong = unit.mistakes(name) if is_full else {}
        lazy = list(lazy_pieces(unit, key)) if is_full else []
        trained = _all_trained(unit, key, train, [*right.values(), *wrong.values(), *(pieces for _, pieces in lazy)])
        for how, (report, reached) in zip(right, trained, strict=False):
            scores.right.append(reached)
            if report.points != key.points:
                finding = next(check.finding for check in report.checks if check.finding)
                goes_on &= fail(1, seed, f"{how} earns {report.points} of {key.points}: {finding.message}")
        for mistake, (report, reached) in zip(wrong, trained[len(right) :], strict=False):
            scores.wrong.append(reached)
            if report.points == key.points:
                goes_on &= fail(3, seed, f"mistake {mistake!r} reaches the bar")
        for (how, _), (report, _) in zip(lazy, trained[len(right) + len(wrong) :], strict=True):
            if report.points:
                goes_on &= fail(2, seed, f"{how} earns {report.points}")
        if not goes_on:
            break
    return scores or Scores("accuracy", Options("accuracy", 1.0, None))


def _all_trained(
    unit: Unit, key: ExerciseKey, train: Train, variants: Sequence[Sequence[Callable]]
) -> list[tuple[ExerciseReport, float]]:
    """What `_trained` gives for each of several pieces; where these are one function, what comes before its call is done once."""
    if any(len(pieces) > 1 or isinstance(pieces[0], type) for pieces in variants) or len(variants) == 1:
        return [_trained(unit, key, train(pieces, key)) for pieces in variants]
    functions = {str(number): pieces[0] for number, pieces in enumerate(variants)}
    return list(branched(functions, lambda function: _trained(unit, key, train([function], key))).values())


def _trained(unit: Unit, key: ExerciseKey, ask: Ask) -> tuple[ExerciseReport, float]:
    """The report of a run and its value by the first check's metric; nan if there is nothing to measure."""
    asked: dict[str, Answer] = {}

    def once(question: Question) -> Answer:
        asked[question.label] = ask(question)
        return asked[question.label]

    report = judge(key, once, unit.name, diagnoses=False)
    return report, _reached(key.checks[0], key.questions[key.checks[0].groups[0][0]], asked)


def _reached(check: CheckKey, question: Question, asked: dict[str, Answer]) -> float:
    answer = asked[question.label]
    if answer.finding or np.shape(answer.value) != np.shape(question.expected):
        return math.nan
    return METRICS[options_of(check).metric].measure(np.asarray(answer.value), np.asarray(question.expected))
