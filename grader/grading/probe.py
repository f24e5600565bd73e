"""How a function that failed is asked more: what it has answered, whom to ask, and what is asked next."""

from collections.abc import Callable, Sequence

from grader.answer import Answer, Ask
from grader.frozen import frozen
from grader.judging.reactions import reacts
from grader.key import Question

Ahead = Callable[[Sequence[Question]], None]
Told = Callable[[Question], Answer | None]


@frozen
class Probe:
    """How a function is asked: `told` gives what it has answered in its turn, `ask` asks anew, `alone` in a fresh process.

    `ahead` is told which questions are asked next, so that they need not wait for one another.
    """

    told: Told
    ask: Ask
    alone: Ask
    ahead: Ahead


def is_right(got: Answer, question: Question) -> bool:
    """Whether an answer is the expected one but for rounding, whatever its tolerance."""
    return not reacts(question.expected, got.value)
