"""What the grader knows of a kind of check, and what an author's word makes: a check.

Each kind has a file beside this one, with its word, its rule and its trace; the registry lists them.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from grader.draw import Draw, Inputs
from grader.frozen import frozen
from grader.key import Question
from grader.report import Finding

Change = Callable[[Inputs, Draw], Inputs]
Driver = Callable[..., Any]
# (the answers to one case's questions, the questions, what the parts of an answer are called, the facts, the options)
Decide = Callable[[list, list[Question], Sequence[str], Any, Any], Finding | None]
Trace = Callable[[list, Any, Any], Any]  # of (the answers to one case's questions, the facts, the options)


class Cases(Enum):
    """On which cases a check of a kind can stand."""

    CLOSED = "cases with one right answer"
    OPEN = "cases without one: no check stands there that needs it"
    ANY = "both"


@frozen
class NoOptions:
    """The options of a kind that has none."""


@frozen
class Kind:
    """A kind of check. `name` is its file's, its word's, and what a key says.

    `decide` returns a Finding, or None where the claim holds. `options` is the frozen dataclass of its options; those
    named in `parts` are parts of the answer, by name as an author writes them and by place in a key.

    `has_one_answer` says whether two right functions give the same answer. Where they do not, a key keeps in place of a
    mistake's answers what `trace` makes of them, at the last question of a case, and a diagnosis compares traces. Without
    a trace, answers are compared. `spread(expected)` says within which tolerances two traces of one law lie.
    Of `exact` of a case's questions, its first, the expected answer counts (None: of all); of the others only its form does.

    `compares` says that an answer is held against the expected one, number by number; such a kind's options have `parts`,
    the places of those that count. `is_of_answers` says that the reference's own answers can break the rule, where chance
    has drawn inputs that do not show what is claimed: they are drawn anew. `error(options)` names the exception that is
    the right answer to a case's first question. `trains` makes an exercise a training run.
    """

    name: str
    decide: Decide
    options: type = NoOptions
    parts: tuple[str, ...] = ()
    cases: Cases = Cases.CLOSED
    has_one_answer: bool = True
    trace: Trace | None = None
    spread: Callable[[Any], list[float]] | None = None
    exact: int | None = None
    compares: bool = False
    is_of_answers: bool = False
    error: Callable[[Any], str] = lambda options: ""
    trains: bool = False


@frozen
class Check:
    """One claim about a submission, worth points; the claim is the sentence that the student reads.

    `on` are labels of cases (empty: every case that has one right answer). Each of `changes` makes one more question out of
    a case's inputs; `facts` turns inputs into data for the rule. All of a case's get the same random numbers. `options` are
    of the type that the kind names.

    Every word takes a `driver` of the check's own: its questions are asked through it in place of the exercise's, or of a
    plain call. It is written as an exercise's is (see `Exercise`); a shape line in its docstring says what its answer is
    called, `-> norms (depth,)`. An oracle for it has the driver's name, gets the case's inputs, and gives its answer.
    """

    claim: str
    points: int
    kind: Kind
    on: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    facts: Callable[[Inputs, Draw], Any] | None = None
    options: Any = NoOptions()
    driver: Driver | None = None

    def __post_init__(self):
        if not isinstance(self.points, int) or not isinstance(self.claim, str):
            raise ValueError(
                f"a check begins with its points, a whole number, and its claim, a sentence: it has {self.points!r} and "
                f"{self.claim!r}"
            )


def labels(on: str | Sequence[str]) -> tuple[str, ...]:
    """The labels of cases that an author gave: one, or several."""
    return (on,) if isinstance(on, str) else tuple(on)


def as_data(options: Any) -> dict[str, Any]:
    """Options as a key has them; one that has its default is left out."""
    values = {part.name: (getattr(options, part.name), part.default) for part in fields(options)}
    kept = {name: value for name, (value, default) in values.items() if default is MISSING or value != default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}
