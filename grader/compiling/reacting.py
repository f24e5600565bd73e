"""Which arguments the reference's answer depends on, and a question that shows it."""

from collections.abc import Callable, Sequence

from grader.compiling.calls import attempt
from grader.judging.reactions import changed, reacts
from grader.key import Question

TRIED = 4  # questions for each argument


def reactions(reference: Callable, questions: Sequence[Question]) -> dict[str, int]:
    """The number of a question for each argument whose change moves the reference's answer to it."""
    found: dict[str, int] = {}
    plain = [(number, question) for number, question in enumerate(questions) if not question.driver]
    for name in dict.fromkeys(name for _, question in plain for name in question.inputs):
        having = [(number, question) for number, question in plain if name in question.inputs]
        for number, question in having[:TRIED]:
            other = changed(question.inputs[name])
            if other is None:
                continue
            before = attempt(reference, question.inputs)
            after = attempt(reference, question.inputs | {name: other})
            if before is not None and after is not None and reacts(before, after):
                found[name] = number
                break
    return found
