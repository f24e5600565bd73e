"""What came back for one question, and what asks."""

from collections.abc import Callable, Sequence
from typing import Any

from grader.frozen import frozen
from grader.key import Question
from grader.report import Finding, Status


@frozen
class Answer:
    """The reply to one question: a value, or a finding and a status that say why there is none.

    `is_final` means that nothing more can be asked of this exercise: the time is up, or the process is gone. `changed`
    names the inputs that the call modified. An exception of the student's code gives both a finding and a `Raised` as
    value.
    """

    value: Any = None
    finding: Finding | None = None
    status: Status = Status.PASSED
    is_final: bool = False
    changed: Sequence[str] = ()
    printed: str = ""


Ask = Callable[[Question], Answer]
