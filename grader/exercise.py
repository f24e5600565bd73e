"""The words in which an author writes an exercise: cases, checks and mistakes, as frozen data.

self_attention = Exercise(
    points=6,
    cases={"five tokens": tokens, "a single token": partial(tokens, T=1)},
    checks=[
        agrees(4, "gives softmax(q·kᵀ/√d)·v for every sequence"),
        moves(2, "a token that changes is felt by every other", change=another_last_token),
    ],
    mistakes=[Mistake("unscaled", "Divide the scores by √d before the softmax.", edit("/ np.sqrt(d)", ""))],
    hints=["What happens to the softmax when d grows?", "Look at the line that makes the scores."],
)
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.draw import Draw, Inputs, like, plus
from grader.sandbox.wire import Seeded


@dataclass(frozen=True)
class Edit:
    """A mutant made from the reference: in the source of `of` (the exercise itself if empty), `old` becomes `new`."""

    old: str
    new: str
    of: str = ""


def edit(old: str, new: str, of: str = "") -> Edit:
    """The reference with one piece of its text replaced; `old` must occur exactly once."""
    return Edit(old, new, of)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer with a name: a diagnosis for the student, a mutant that the checks must catch.

    `sentence` is what the student reads when their answers are this mistake's answers: it says what they did and
    points to the cure without giving the line away. `wrong` is the mistake itself, a function or an `edit`.
    """

    name: str
    sentence: str
    wrong: Callable | Edit


@dataclass(frozen=True)
class Check:
    """One claim about a submission, worth points; the claim is the sentence that the student reads.

    `kind` names a rule of `grader.judging.rules.RULES`; `on` are labels of cases (empty: every case that has one right answer).
    Each of `changes` makes one more question out of a case's inputs; `facts` turns inputs into data for the rule. All
    get the same numbers.
    """

    claim: str
    points: int
    kind: str
    on: tuple[str, ...] = ()
    changes: tuple[Callable[[Inputs, Draw], Inputs], ...] = ()
    facts: Callable[[Inputs, Draw], Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exercise:
    """One function to write, its points, and how its answers are judged. Points are the sum over its checks.

    `driver(student, **inputs)` stands between a case and the student's function where a plain call does not do: it gets
    the function and the case's inputs by name, and what it returns is the answer. It can build a function from numbers,
    or take several steps. It runs where the student's code runs, so it uses NumPy as `np` and nothing else of checks.py.
    References, mistakes and rewrites go through it, too; an oracle gets the case's inputs and gives the driver's answer.
    A shape line in its docstring says what its answer is called: `-> w (S, D)`.

    `up_to_sign` names parts of the answer whose sign is free: {"eigenvector": "whole"}, or, for rows of one part that
    turn together with columns of another, {"components": "rows", "projected": "columns"}. Signs are turned to the
    expected ones before anything is compared.

    `forbids` is the exercise's point: an idea of grader/sandbox/inside/ideas.py, "a product of matrices", by whatever name, or
    an operation, "@", a function, class or module, "numpy.fft". Of a training run it is forbidden in its pieces.

    `tolerance` is stated where right answers differ by more than rounding, as difference quotients do; elsewhere it is
    measured. It is relative to the largest expected entry, or to 1 where all are smaller. A comment says why.

    `torch` says that inputs arrive as tensors and that the answer's tensors are graded; a case still draws arrays, floats
    as float32. A class is an exercise like a function: its driver gets the class.

    `pieces` are names of the student's file that the driver gets before the inputs, in place of the exercise's own:
    what a training run puts together. `seconds` is what a training run may take; 0 for everything else.
    """

    cases: Mapping[str, Callable[[Draw], Inputs]]
    checks: Sequence[Check]
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    points: int
    driver: Callable[..., Any] | None = None
    up_to_sign: Mapping[str, str] = field(default_factory=dict)
    forbids: Sequence[str] = ()
    tolerance: float | None = None
    torch: bool = False
    pieces: Sequence[str] = ()
    seconds: float = 0.0

    def __post_init__(self):
        total = sum(check.points for check in self.checks)
        if total != self.points:
            raise ValueError(f"the checks are worth {total} points, the exercise says {self.points}")
        known = set(self.cases)
        for check in self.checks:
            if unknown := set(check.on) - known:
                raise ValueError(
                    f"check {check.claim!r} is on {sorted(unknown)}, which is no case; cases are {sorted(known)}"
                )
            if check.kind not in OPEN and (wrong := set(check.on) & self._open):
                raise ValueError(f"check {check.claim!r} is on {sorted(wrong)}, which has no one right answer")

    def cases_of(self, check: Check) -> list[str]:
        """The labels of a check's cases: those it names, or every one that has one right answer."""
        return [label for label in self.cases if (label in check.on if check.on else label not in self._open)]

    @property
    def is_run(self) -> bool:
        """Whether something is trained, which is judged by what was learned."""
        return any(check.kind == "reaches" for check in self.checks)

    @property
    def _open(self) -> set[str]:
        return {label for check in self.checks if check.kind in OPEN - {"seeded"} for label in check.on}


OPEN = {"raises", "distributed", "seeded"}  # kinds of checks that can be on a case without one right answer


def agrees(
    points: int, claim: str, on: str | Sequence[str] = (), part: str | int | Sequence[str | int] | None = None
) -> Check:
    """The answers are the reference's, to within the measured rounding noise.

    `part` picks one of several answers, or some, by the names they have in the shape line or by their places: a wrong
    db then costs nothing of what dx earns.
    """
    parts = part if isinstance(part, list | tuple) else [part]
    return Check(claim, points, "agrees", _labels(on), options={} if part is None else {"parts": list(parts)})


def moves(points: int, claim: str, change: Callable[[Inputs, Draw], Inputs], on: str | Sequence[str] = ()) -> Check:
    """After `change` of the inputs, the student's answer moves where the reference's moves and stays where it stays.

    Both halves count: an answer that never moves fails. The student's two answers are compared with each other,
    so that a claim about, say, causality can be true of an answer whose values are wrong.
    """
    return Check(claim, points, "moves", _labels(on), (change,))


def keeps(
    points: int,
    claim: str,
    measure: str,
    change: Callable[[Inputs, Draw], Inputs],
    axis: int = -1,
    part: str | int | None = None,
    on: str | Sequence[str] = (),
) -> Check:
    """The `measure` ("sum" or "norm") of the answer along `axis` is the reference's, and `change` moves the answer.

    `part` picks one of several answers, by name or place.
    """
    return Check(
        claim, points, "keeps", _labels(on), (change,), options={"measure": measure, "axis": axis, "part": part}
    )


def slopes(points: int, claim: str, of: str, on: str | Sequence[str] = (), h: float = 1e-5) -> Check:
    """The answer is (value, gradient in the input `of`), and the gradient is the slope of the student's own value.

    Both are compared along a random direction, the value by a central difference with step `h`.
    """

    def direction(inputs: Inputs, draw: Draw) -> Any:
        return like(inputs[of], draw)

    def step(sign: int) -> Callable[[Inputs, Draw], Inputs]:
        return lambda inputs, draw: inputs | {of: plus(inputs[of], sign * h, direction(inputs, draw))}

    return Check(claim, points, "slopes", _labels(on), (step(1), step(-1)), direction, {"h": h})


def orders(
    points: int, claim: str, facts: Callable[[Inputs], tuple[list, list]], on: str | Sequence[str] = ()
) -> Check:
    """The answer is a list of the given members, each once, in any order that respects the pairs.

    `facts(inputs)` returns (members, pairs); a pair (a, b) means that a comes before b.
    """
    return Check(claim, points, "orders", _labels(on), facts=lambda inputs, draw: facts(inputs))


def raises(
    points: int, claim: str, error: str, unless: Callable[[Inputs, Draw], Inputs], on: str | Sequence[str]
) -> Check:
    """The right answer is an exception, by its name or that of one of its bases.

    Both halves count: after `unless` of the inputs there is an answer of the reference's form, so raising always fails.
    """
    return Check(claim, points, "raises", _labels(on), (unless,), options={"error": error})


def distributed(points: int, claim: str, law: Callable[[Inputs], list], on: str | Sequence[str]) -> Check:
    """The answer's entries are independent draws from `law(inputs)`, which is `uniform(…)` or `normal(…)`.

    Any sampler will do: only the sample itself is judged, and a right one fails once in 10⁹ times (see
    `grader.judging.samples`). Some 60 000 entries tell a normal from a uniform law, and a variance from one 5 % larger.
    """
    return Check(claim, points, "distributed", _labels(on), facts=lambda inputs, draw: law(inputs))


def uniform(low: float, high: float) -> list:
    """The uniform law between two numbers, for `distributed`."""
    return ["uniform", float(low), float(high)]


def normal(mean: float, std: float) -> list:
    """The normal law, not truncated, for `distributed`."""
    return ["normal", float(mean), float(std)]


def seeded(points: int, claim: str, on: str | Sequence[str] = ()) -> Check:
    """Generators in the same state give the same answer, and one in another state gives other numbers throughout."""

    def another(inputs: Inputs, draw: Draw) -> Inputs:
        return {name: draw.generator() if isinstance(value, Seeded) else value for name, value in inputs.items()}

    return Check(claim, points, "seeded", _labels(on), (lambda inputs, draw: dict(inputs), another))


def grows(
    points: int, claim: str, by: float, change: Callable[[Inputs, Draw], Inputs], on: str | Sequence[str] = ()
) -> Check:
    """The answer is a list of positive numbers; after `change` its last is more than `by` times its first, before not."""
    return Check(claim, points, "grows", _labels(on), (change,), options={"by": float(by)})


def bounded(
    points: int, claim: str, bounds: Callable[[Inputs], Sequence[tuple]], on: str | Sequence[str] = ()
) -> Check:
    """The answer's numbers lie between bounds: for a random answer whose size a theory gives.

    `bounds(inputs)` returns pairs (low, high), each of the two a list as long as the answer. One of the pairs must hold for
    all of it: so a student may choose between two laws, but not mix them. Choose bounds that a right answer leaves less than
    once in 10⁹ times, and write the arithmetic beside them.
    """
    return Check(claim, points, "bounded", _labels(on), facts=lambda inputs, draw: _bounds(bounds(inputs)))


def reaches(
    points: int, claim: str, metric: str, at_least: float | None = None, at_most: float | None = None, on: str = ()
) -> Check:
    """A training run's answer, its predictions for held-back inputs, is as good as asked by a metric of `grader.judging.metrics`.

    A case of a run returns, beside its inputs, `truth`: what the predictions are held against. It never leaves the
    grader's side, and nothing is trained when a key is compiled.
    """
    return Check(claim, points, "reaches", _labels(on), options={"metric": metric, "least": at_least, "most": at_most})


# Stand-ins for what a driver finds where it runs (see grader.sandbox.inside.modules), to be imported by checks.py.
device: str = "cpu"


def load(module: Any, weights: Mapping[str, np.ndarray]) -> Any:
    """For drivers: the module with its parameters set by name; a finding lists names and shapes that do not fit."""
    raise NotImplementedError("a driver finds it where it runs")


def report(step: int, total: int, loss: Any, falls: bool = True) -> None:
    """For drivers: a training run's progress, shown to the student.

    A loss that is no number ends the run, and so does one that has not fallen by a twentieth after a third of the steps,
    unless it need not fall (`falls=False`): a loss of two players against each other says nothing of how well they play.
    """
    raise NotImplementedError("a driver finds it where it runs")


def follow(name: str) -> AbstractContextManager[None]:
    """For drivers, as `with follow("loss_function"):` around the student's own loop: each call of this function of their
    file is shown as a step, and what it returns, or the first of it, as the loss."""
    raise NotImplementedError("a driver finds it where it runs")


def _bounds(pairs: Sequence[tuple]) -> list:
    return [[np.array(low, float), np.array(high, float)] for low, high in pairs]


def _labels(on: str | Sequence[str]) -> tuple[str, ...]:
    return (on,) if isinstance(on, str) else tuple(on)
