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

Each kind of check has a file in `grader/judging/kinds/`; its word is handed on here.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Any

import numpy as np

from grader.draw import Draw, Inputs
from grader.draw import redrawn as redrawn
from grader.errors import did_you_mean
from grader.frozen import frozen
from grader.judging.kinds.agrees import agrees as agrees
from grader.judging.kinds.bounded import bounded as bounded
from grader.judging.kinds.categorical import categorical as categorical
from grader.judging.kinds.distributed import distributed as distributed
from grader.judging.kinds.distributed import normal as normal
from grader.judging.kinds.distributed import uniform as uniform
from grader.judging.kinds.grows import grows as grows
from grader.judging.kinds.keeps import keeps as keeps
from grader.judging.kinds.kind import Cases
from grader.judging.kinds.kind import Check as Check
from grader.judging.kinds.moves import moves as moves
from grader.judging.kinds.orders import orders as orders
from grader.judging.kinds.raises import raises as raises
from grader.judging.kinds.reaches import reaches as reaches
from grader.judging.kinds.seeded import seeded as seeded
from grader.judging.kinds.slopes import slopes as slopes


@frozen
class Step:
    """One change of a text. `how` is the word that says it: edit, everywhere, swapped or returns."""

    old: str
    new: str
    how: str = "edit"


@frozen
class Edit:
    """A mutant made from the reference: steps, one after another, in the source of `of` (the exercise itself if empty)."""

    steps: tuple[Step, ...]
    of: str = ""

    def then(self, old: str, new: str) -> "Edit":
        """The same with one more piece replaced, for what is done in two places; `old` must occur exactly once by then.

        edit("rows = x", "rows = x.T").then("axis=0", "axis=1")
        """
        return Edit((*self.steps, Step(old, new)), self.of)


def edit(old: str, new: str, of: str = "") -> Edit:
    """The reference with one piece of its text replaced; `old` must occur exactly once.

    edit("/ np.sqrt(d)", "")
    """
    return Edit((Step(old, new),), of)


def everywhere(old: str, new: str, of: str = "") -> Edit:
    """The reference with a piece of its text replaced in all places, of which there must be two at least.

    everywhere("axis=0", "axis=1")
    """
    return Edit((Step(old, new, "everywhere"),), of)


def swapped(one: str, other: str, of: str = "") -> Edit:
    """The reference with two pieces of its text in each other's place; each must occur exactly once.

    swapped("y_true", "y_pred")
    """
    return Edit((Step(one, other, "swapped"),), of)


def returns(answer: str, of: str = "") -> Edit:
    """The reference with another expression in the return that it ends with; `…` stands for the one that is there.

    returns("np.tanh(x)")
    returns("… / len(x)")
    """
    return Edit((Step("", answer, "returns"),), of)


@frozen
class Mistake:
    """A wrong answer with a name: a diagnosis for the student, a mutant that the checks must catch.

    `sentence` is what the student reads when their answers are this mistake's answers: it says what they did and
    points to the cure without giving the line away. `wrong` is the mistake itself: a change of the reference, said with `edit`,
    `everywhere`, `swapped` or `returns`, or a function.
    """

    name: str
    sentence: str
    wrong: Callable | Edit


@frozen
class Exercise:
    """One function to write, its points, and how its answers are judged. Points are the sum over its checks.

    `driver(student, **inputs)` stands between a case and the student's function where a plain call does not do: it gets
    the function and the case's inputs by name, and what it returns is the answer. It can build a function from numbers,
    or take several steps. It runs where the student's code runs, so it uses NumPy as `np` and nothing else of checks.py.
    References, mistakes and rewrites go through it, too; an oracle gets the case's inputs and gives the driver's answer.
    A shape line in its docstring says what its answer is called: `-> w (S, D)`. A check may have a driver of its own, so that
    two checks of a case need not share a summary.

    `up_to_sign` names parts of the answer whose sign is free: {"eigenvector": "whole"}, or, for rows of one part that
    turn together with columns of another, {"components": "rows", "projected": "columns"}. Signs are turned to the
    expected ones before anything is compared.

    `forbids` is the exercise's point: an idea of grader/sandbox/inside/ideas.py, "a product of matrices", by whatever name, or
    an operation, "@", a function, class or module, "numpy.fft". Of a training run it is forbidden in its pieces.

    `tolerance` is stated where right answers differ by more than rounding, as difference quotients do; elsewhere it is
    measured. It is relative to the largest expected entry, or to 1 where all are smaller. A comment says why.

    `torch` says that inputs arrive as tensors and that the answer's tensors are graded; a case still draws arrays, floats
    as float32. A class is an exercise like a function: its driver gets the class.

    `words` say what a part of the answer is where its name does not, by the name that Python gives it, with # for any place:
    {"shapes[#][0]": "the channels of layer {}"}; counted from 1. A function of a case's inputs may give them, too.

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
    words: Mapping[str, str] | Callable[[Inputs], Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self):
        total = sum(check.points for check in self.checks)
        if total != self.points:
            raise ValueError(f"the checks are worth {total} points, the exercise says {self.points}")
        names = [mistake.name for mistake in self.mistakes]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"two mistakes are called {twice!r}: give one another name, or leave it out")
        known = set(self.cases)
        for check in self.checks:
            if unknown := set(check.on) - known:
                wrong = min(unknown)
                raise ValueError(
                    f"check {check.claim!r} is on {wrong!r}, which is no case{did_you_mean(wrong, [*known])}"
                )
            if not self.cases_of(check):
                raise ValueError(
                    f"check {check.claim!r} asks no question, as no case here has one right answer; say on which: on={min(known)!r}"
                )
            if check.driver and self.is_run:
                raise ValueError(f"check {check.claim!r} has a driver of its own, and a training run is driven once")
            if check.kind.cases is Cases.CLOSED and not check.driver and (wrong := set(check.on) & self._open):
                raise ValueError(f"check {check.claim!r} is on {sorted(wrong)}, which has no one right answer")

    def cases_of(self, check: Check) -> list[str]:
        """The labels of a check's cases: those it names, or every one that has one right answer."""
        return [label for label in self.cases if (label in check.on if check.on else label not in self._open)]

    def is_asked(self, label: str) -> bool:
        """Whether a case is asked as the exercise is: not where all of its checks have drivers of their own."""
        drivers = [check.driver for check in self.checks if label in self.cases_of(check)]
        return not drivers or None in drivers

    @property
    def is_run(self) -> bool:
        """Whether something is trained, which is judged by what was learned."""
        return any(check.kind.trains for check in self.checks)

    @property
    def _open(self) -> set[str]:
        return {
            label for check in self.checks if check.kind.cases is Cases.OPEN and not check.driver for label in check.on
        }


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
