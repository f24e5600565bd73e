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
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.sandbox.wire import Seeded

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Draw:
    """Random numbers for one case; `draw(3, 5)` is a standard normal array of shape (3, 5)."""

    rng: np.random.Generator

    def __call__(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape)

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.rng.uniform(low, high, shape)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Integers from low to high - 1, int64."""
        return self.rng.integers(low, high, shape)

    def signs(self, *shape: int) -> np.ndarray:
        """-1.0 or 1.0, each as likely."""
        return self.rng.choice([-1.0, 1.0], shape)

    def permutation(self, n: int) -> np.ndarray:
        return self.rng.permutation(n)

    def generator(self) -> Seeded:
        """A random generator to pass to the student's function, in the same state at every call."""
        return Seeded(int(self.rng.integers(2**63)))


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

    `kind` names a rule of `grader.rules.RULES`; `on` are labels of cases (empty: every case). Each of `changes` makes
    one more question out of a case's inputs; `facts` turns inputs into data for the rule. All get the same numbers.
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
    """One function to write, its points, and how its answers are judged. Points are the sum over its checks."""

    cases: Mapping[str, Callable[[Draw], Inputs]]
    checks: Sequence[Check]
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    points: int

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


def agrees(points: int, claim: str, on: str | Sequence[str] = ()) -> Check:
    """The answers are the reference's, to within the measured rounding noise."""
    return Check(claim, points, "agrees", _labels(on))


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
    part: int | None = None,
    on: str | Sequence[str] = (),
) -> Check:
    """The `measure` ("sum" or "norm") of the answer along `axis` is the reference's, and `change` moves the answer.

    `part` picks one of several answers.
    """
    return Check(
        claim, points, "keeps", _labels(on), (change,), options={"measure": measure, "axis": axis, "part": part}
    )


def slopes(points: int, claim: str, of: str, on: str | Sequence[str] = (), h: float = 1e-5) -> Check:
    """The answer is (value, gradient in the input `of`), and the gradient is the slope of the student's own value.

    Both are compared along a random direction, the value by a central difference with step `h`.
    """

    def direction(inputs: Inputs, draw: Draw) -> Any:
        return _like(inputs[of], draw)

    def step(sign: int) -> Callable[[Inputs, Draw], Inputs]:
        return lambda inputs, draw: inputs | {of: _plus(inputs[of], sign * h, direction(inputs, draw))}

    return Check(claim, points, "slopes", _labels(on), (step(1), step(-1)), direction, {"h": h})


def orders(
    points: int, claim: str, facts: Callable[[Inputs], tuple[list, list]], on: str | Sequence[str] = ()
) -> Check:
    """The answer is a list of the given members, each once, in any order that respects the pairs.

    `facts(inputs)` returns (members, pairs); a pair (a, b) means that a comes before b.
    """
    return Check(claim, points, "orders", _labels(on), facts=lambda inputs, draw: facts(inputs))


def _like(tree: Any, draw: Draw) -> Any:
    if isinstance(tree, np.ndarray):
        return draw(*tree.shape)
    return type(tree)(_like(item, draw) for item in tree)


def _plus(tree: Any, h: float, direction: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return tree + h * direction
    return type(tree)(_plus(item, h, part) for item, part in zip(tree, direction, strict=True))


def _labels(on: str | Sequence[str]) -> tuple[str, ...]:
    return (on,) if isinstance(on, str) else tuple(on)
