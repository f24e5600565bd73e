"""`reaches`: a training run's predictions are as good as asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.errors import did_you_mean
from grader.frozen import frozen
from grader.judging.forms import in_case, of_form
from grader.judging.kinds.kind import Check, Kind, labels
from grader.judging.metrics import METRICS
from grader.key import Question
from grader.report import Finding


@frozen
class Options:
    """`metric` is one of METRICS, and what is asked by it: at least, at most, or both."""

    metric: str
    least: float | None
    most: float | None


def reaches(
    points: int, claim: str, metric: str, at_least: float | None = None, at_most: float | None = None, on: str = ()
) -> Check:
    """A training run's answer, its predictions for held-back inputs, is as good as asked by a metric of `grader.judging.metrics`.

    A case of a run returns, beside its inputs, `truth`: what the predictions are held against. It never leaves the
    grader's side, and nothing is trained when a key is compiled.

        reaches(5, "labels at least 95 % of new points rightly", "accuracy", at_least=0.95)
    """
    if metric not in METRICS:
        raise ValueError(f"reaches has no metric {metric!r}{did_you_mean(metric, list(METRICS))}")
    if at_least is None and at_most is None:
        raise ValueError(f"{claim!r} has no bar: write at_least=… or at_most=…")
    return Check(claim, points, KIND, labels(on), options=Options(metric, at_least, at_most))


def decide(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: Options
) -> Finding | None:
    (answer,), (question,) = answers, questions
    if found := of_form(answer, question, names):
        return Finding(found.kind, f"{found.text} ({in_case(question)})")
    metric, least, most = METRICS[options.metric], options.least, options.most
    with np.errstate(all="ignore"):  # predictions of any size: their square may be infinite, and that is not reached
        given, truth = np.asarray(answer), np.asarray(question.expected)
        reached = metric.measure(given, truth)
        if (least is None or reached >= least) and (most is None or reached <= most):
            return None
        advice = metric.advice(given, truth)
    bounds = {"at least": least, "at most": most}
    asked = " and ".join(f"{words} {metric.text(bound)}" for words, bound in bounds.items() if bound is not None)
    message = f"{metric.name} {metric.text(reached)} on held-back inputs; it must be {asked} ({in_case(question)})"
    return Finding("value", message, advice)


KIND = Kind("reaches", decide, Options, trains=True)
