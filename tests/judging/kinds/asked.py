"""A question as a rule gets it, and what a kind's rule says of some answers."""

from grader.judging.kinds.kind import NoOptions
from grader.judging.kinds.registry import named
from grader.key import Question

NONE = NoOptions()


def question(expected, label="a case", tolerance=1e-9, inputs=None):
    count = len(expected) if isinstance(expected, tuple) else 1
    return Question(label, inputs or {}, expected, [tolerance] * count, {})


def decided(kind, answers, questions, names, facts=None, options=NONE):
    """The finding, or None where the claim holds."""
    return named(kind).decide(answers, questions, names, facts, options)
