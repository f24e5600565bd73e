"""Training runs: whether and where they run, who sees their progress, and what the loss curve says of a failed run."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.frozen import frozen
from grader.report import ExerciseReport, Status, Step

NAN = (
    "The loss stops being a number. Is the learning rate too large, or is there a logarithm of zero, a division by zero, "
    "an overflow?"
)
STILL = (
    "The loss does not move at all: no gradient reaches the parameters. Is a result detached, rounded or made constant "
    "on its way to the loss?"
)
GROWS = (
    "The loss grows. Does a gradient have the wrong sign, are gradients of earlier steps still added in, or is the step "
    "too large?"
)
SLOW = (
    "The loss hardly falls. Is the learning rate far too small, are most units dead (a ReLU whose inputs are all negative), "
    "or are labels paired with the wrong inputs?"
)
STALLED = (
    "Nothing is learned. Does a gradient reach the parameters, is its sign right, and is the step neither far too small nor "
    "far too large?"
)
FALLS = (
    "The loss falls, and yet the predictions are wrong. Is the answer read from the wrong axis, are the labels shifted, or "
    "does training do something to the inputs that prediction does not?"
)


def _nobody(name: str, step: Step) -> None:
    """A `watch` that ignores every step."""


@frozen
class Training:
    """Whether training runs are graded, on which device, and `watch(exercise, step)`, called with every step."""

    is_on: bool = True
    device: str = "cpu"
    watch: Callable[[str, Step], None] = _nobody

    def watched(self, watch: Callable[[str, Step], None]) -> "Training":
        return replace(self, watch=watch)


ON_CPU = Training()


def told(report: ExerciseReport, curve: Sequence[Step], band: Sequence[Sequence[float]] = ()) -> ExerciseReport:
    """A run's report with its loss curve and the reference's band and, if it failed, a hint read from the curve."""
    hint = reading(curve)
    checks = [
        replace(check, finding=replace(check.finding, hint=hint))
        if hint
        and check.finding
        and check.finding.hint in ("", STALLED)
        and check.finding.kind in ("value", "nonfinite")
        else check
        for check in report.checks
    ]
    return replace(
        report,
        checks=tuple(checks) if report.status is Status.FAILED else report.checks,
        curve=tuple(curve),
        band=tuple((share, low, high) for share, low, high in band),
    )


def reading(curve: Sequence[Step]) -> str:
    """What the loss curve says about a run that failed, as a sentence; empty if no loss was reported."""
    losses = [step.loss for step in curve]
    if losses and not all(map(_is_finite, losses)):
        return NAN
    if len(losses) < 6:  # too few to tell a trend from a wobble
        return ""
    if max(losses) - min(losses) <= 1e-9 * abs(losses[0]):
        return STILL
    from statistics import median  # late, as few reports are of a run

    third = max(len(losses) // 3, 1)
    first, last = losses[0], median(losses[-third:])
    if last > 1.5 * first:
        return GROWS
    return SLOW if last > 0.9 * first else FALLS


def _is_finite(loss: float) -> bool:
    return abs(loss) < float("inf")
