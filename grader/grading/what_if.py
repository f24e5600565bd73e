"""Would a wrong answer be right if one argument were another? Then it is known which one is used wrongly, and how.

A sign, a root, a reciprocal, a count that begins at 1, two arguments in each other's place: the function is asked again with
the argument changed in this way, and what it answers is held against what is expected of the argument as it is. Something
is said only if this makes every case right that was asked, and no other kind of change does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from grader.answer import Answer
from grader.frozen import frozen
from grader.grading.probe import Probe
from grader.judging.compare import difference
from grader.judging.kinds.registry import kind_of
from grader.key import ExerciseKey, Question
from grader.nest import numeric_leaves
from grader.sandbox.wire import same
from grader.text import together

CASES = 4  # that a change must make right; two at least
VARIED = 3  # different numbers among the answers to them, which chance does not give
MOST = 120  # changes: so many are asked of any machine, unless the function is so slow that its time is up
LARGEST = 50.0  # of a logarithm

SIGN = "is a sign wrong, or a minimum taken for a maximum?"
SHARE = "does it weigh the part that 1 minus it is to weigh?"
DIVIDED = "does it multiply where it is to divide, or the other way round, or has a logarithm of it the wrong sign?"
COUNTED = "is it one step too far, or one too few?"
INVERTED = "does True stand for what False is to stand for?"
SWAPPED = "is each used where the other is meant?"
# What stands in an argument's place, what that asks, and how it is made of a number or an array of floats.
FLOATS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("-{}", SIGN, np.negative),
    ("1 - {}", SHARE, lambda x: 1 - x if np.min(x) >= 0 and np.max(x) <= 1 else x),
    ("1/{}", DIVIDED, lambda x: 1 / x),
    ("{}²", "is it to be squared?", np.square),
    ("√{}", "is a root to be taken of it?", np.sqrt),
    ("|{}|", "is its absolute value meant?", np.abs),
    ("exp({})", "is it a logarithm, of which exp is meant?", lambda x: np.exp(x) if np.max(x) < LARGEST else x),
    ("log({})", "is its logarithm meant?", np.log),
    ("2·{}", "is it to be doubled?", lambda x: 2 * x),
    ("{}/2", "is it to be halved?", lambda x: x / 2),
)
COUNTS: tuple[tuple[str, str, Callable[[int], int]], ...] = (
    ("{} + 1", COUNTED, lambda n: n + 1),
    ("{} - 1", COUNTED, lambda n: max(n - 1, 0)),
)


@frozen
class Change:
    """`shown` stands in an argument's place; `asks` is the question that it raises; `of` makes the changed inputs."""

    shown: str
    asks: str
    of: Callable[[dict[str, Any]], dict[str, Any]]


def what_if(exercise: ExerciseKey, names: Sequence[str], probe: Probe) -> str:
    """A sentence on the one kind of change to an argument, of these names, that makes a wrong function right; else empty."""
    questions = _asked(exercise, probe.told)
    if len(questions) < 2 or not _tells(questions):
        return ""
    first = [(change, _with(change, questions[0])) for change in _changes(questions[0].inputs, names)][:MOST]
    first = [(change, question) for change, question in first if question is not questions[0]]
    probe.ahead([question for _, question in first])
    promising, fitting = [], []
    for change, question in first:
        got = probe.ask(question)
        if got.is_final:
            return ""
        if _fits(got, questions[0]):
            promising.append(change)
    for change in promising:
        is_known = any(_is_same(change, other, questions) for other in fitting)
        if not is_known and all(_is_right(question, change, probe) for question in questions[1:]):
            fitting.append(change)
    if not fitting or len({change.asks for change in fitting}) > 1 or len(fitting) > 2:
        return ""
    return f"With {', or '.join(change.shown for change in fitting)}, your answer is right: {fitting[0].asks}"


def _is_same(one: Change, other: Change, questions: Sequence[Question]) -> bool:
    """Whether two changes come to one and the same, as a minus sign and an absolute value do of negative numbers."""
    return all(same(one.of(question.inputs), other.of(question.inputs)) for question in questions)


def _asked(exercise: ExerciseKey, known: Callable[[Question], Answer | None]) -> list[Question]:
    """Some of the questions with one right answer, those first whose answer is wrong, and of these the smallest."""
    numbers = dict.fromkeys(group[0] for check in exercise.checks if kind_of(check).compares for group in check.groups)
    answered = [
        (question, got)
        for question in (exercise.questions[number] for number in numbers)
        if not question.driver and (got := known(question)) and not got.finding
    ]
    if len(answered) < len(numbers):  # one that raises, or was not asked, may have another cause
        return []
    answered.sort(key=lambda pair: (_fits(pair[1], pair[0]), _entries(pair[0].inputs)))
    return [question for question, _ in answered[:CASES]]


def _entries(inputs: dict[str, Any]) -> int:
    return sum(np.size(leaf) for _, leaf in numeric_leaves(inputs))


def _tells(questions: Sequence[Question]) -> bool:
    leaves = [np.asarray(leaf).ravel() for question in questions for _, leaf in numeric_leaves(question.expected)]
    return sum(np.unique(leaf).size for leaf in leaves) >= VARIED and any(np.any(leaf) for leaf in leaves)


def _fits(got: Answer, question: Question) -> bool:
    return not got.finding and not difference(got.value, question.expected, question.tolerance)


def _is_right(question: Question, change: Change, probe: Probe) -> bool:
    """Whether what is answered with an argument changed is what is expected without; where nothing changes, whether it was."""
    asked = _with(change, question)
    return _fits(probe.told(question) if asked is question else probe.ask(asked), question)


def _with(change: Change, question: Question) -> Question:
    """The question with an argument changed; itself where there is no such argument, or nothing to change."""
    inputs = change.of(question.inputs)
    return question if inputs is question.inputs else replace(question, inputs=inputs)


def _changes(inputs: dict[str, Any], names: Sequence[str]) -> Iterator[Change]:
    """The first kind of change of each argument, then two in each other's place, then all other kinds."""
    alone = [
        Change(f"{shown.format(name)} in place of {name}", asks, partial(_put, name=name, of=of))
        for name in names
        for shown, asks, of in _of_one(inputs.get(name))
    ]
    first = [change for change in alone if change.asks in (SIGN, COUNTED, INVERTED)]
    yield from first
    for one, other in combinations(names, 2):
        if _is_alike(inputs.get(one), inputs.get(other)):
            text = f"{together([one, other])} in each other's place"
            yield Change(text, SWAPPED, partial(_swapped, one=one, other=other))
    yield from (change for change in alone if change not in first)


def _of_one(value: Any) -> Iterator[tuple[str, str, Callable]]:
    is_array = isinstance(value, np.ndarray)
    if type(value) is int:
        yield from COUNTS
    elif type(value) is float or (is_array and value.dtype.kind == "f" and value.size):
        yield from FLOATS
    elif is_array and value.dtype.kind == "b":
        yield "~{}", INVERTED, np.logical_not
    if is_array and value.ndim > 1 and value.shape[-1] == value.shape[-2]:
        yield "{}ᵀ", "is it used the other way round?", lambda x: np.swapaxes(x, -1, -2)


def _put(given: dict[str, Any], name: str, of: Callable[[Any], Any]) -> dict[str, Any]:
    """The inputs with one changed; the same dict where that changes nothing, or gives what is no finite number."""
    if name not in given:
        return given
    value = given[name]
    with np.errstate(all="ignore"):
        other = of(value)
    other = np.ascontiguousarray(other, value.dtype) if isinstance(value, np.ndarray) else type(value)(other)
    return given if same(other, value) or not np.all(np.isfinite(other)) else given | {name: other}


def _swapped(given: dict[str, Any], one: str, other: str) -> dict[str, Any]:
    if one not in given or other not in given or same(given[one], given[other]):
        return given
    return given | {one: given[other], other: given[one]}


def _is_alike(one: Any, other: Any) -> bool:
    """Whether two arguments can stand in each other's place."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape
    return type(one) is type(other) and isinstance(one, (int, float))
