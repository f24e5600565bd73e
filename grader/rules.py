"""How a check is decided: one rule for each kind of check. Pure functions of rebuilt data, on our side.

A rule gets the student's answers to one case's questions, the questions, and the check's facts and options;
it returns a Finding, or None where the claim holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.compare import at, describe, difference, is_numeric, leaves, named, numbers, only
from grader.forms import no_answer, of_form, on
from grader.key import Question
from grader.maps import error_map
from grader.metrics import METRICS
from grader.report import Finding
from grader.samples import landmarks, stray
from grader.sandbox import wire
from grader.sandbox.wire import Opaque
from grader.text import one_line

CLEARLY = 1000  # a move counts from this many tolerances on: what is asked to move moves by far more than rounding
SLOPE_TOLERANCE = 1e-6  # central difference, h = 1e-5: truncation h²·f''' and rounding eps/h are both near 1e-10


def agrees(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    (answer,), (question,) = answers, questions
    answer = only(answer, question.expected, options.get("parts"))
    found = difference(answer, question.expected, question.tolerance, names)
    if not found:
        return None
    where = error_map(answer, question.expected, found.path, _tolerance_at(question, found.path), names)
    return Finding(found.kind, f"{found.text} ({on(question)})", map=where)


def moves(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    before, after = questions
    moved = False
    for (path, old), (_, new), tolerance in zip(
        leaves(before.expected), leaves(after.expected), before.tolerance, strict=True
    ):
        yours = [np.asarray(at(answer, path)) for answer in answers]
        shift, reference = _distance(*yours), _distance(np.asarray(old), np.asarray(new))
        strayed = (reference <= tolerance) & ~(shift <= tolerance)
        if strayed.any():
            where = [int(i) for i in np.argwhere(strayed)[0]]
            values = numbers(yours[1][tuple(where)], yours[0][tuple(where)])
            place = f"{named(path, names)}{where or ''}"
            return Finding(
                "value", f"{place} must stay as it is, but it moves from {values[1]} to {values[0]} ({on(before)})"
            )
        must = reference > CLEARLY * max(tolerance, 1e-12)
        # half of them is enough: values that are wrong elsewhere may coincide here and there
        moved |= bool(must.any()) and (shift > tolerance)[must].mean() >= 0.5
    return None if moved else Finding("value", f"your answer does not move, and it must ({on(before)})")


def keeps(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    part, measure = options["part"], MEASURES[options["measure"]]
    path = () if part is None else (part,)
    first, second = (np.asarray(at(answer, path)) for answer in answers)
    wanted = np.asarray(at(questions[0].expected, path))
    tolerance = _tolerance_at(questions[0], path) * wanted.shape[options["axis"]]
    yours, expected = measure(first, options["axis"]), measure(wanted, options["axis"])
    wrong = ~(np.abs(yours - expected) <= tolerance)
    name = named(path, names)
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0])
        mine, right = numbers(yours[index], expected[index])
        along = f"the {options['measure']} of {name} along axis {options['axis']}"
        return Finding("value", f"{along} is {mine}, expected {right} ({on(questions[0])})")
    if not (np.abs(second - first) > tolerance).any():
        return Finding("value", f"{name} does not move with the input, and it must ({on(questions[0])})")
    return None


def slopes(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    (_, gradient), (up, _), (down, _) = answers
    slope = (float(np.asarray(up)) - float(np.asarray(down))) / (2 * options["h"])
    pairs = list(zip(leaves(gradient), leaves(facts), strict=True))
    claimed = sum(float((np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
    size = sum(float(np.abs(np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
    if not np.isfinite(claimed) or not abs(slope - claimed) <= SLOPE_TOLERANCE * max(size, abs(slope)):
        mine, right = numbers(np.float64(claimed), np.float64(slope))
        text = f"along a random direction your value changes at a rate of {right}, your gradient says {mine}"
        return Finding("value", f"{text} ({on(questions[0])})")
    if size == 0:
        return Finding("value", f"your gradient is zero and your value does not move ({on(questions[0])})")
    return None


def orders(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    (answer,), (question,) = answers, questions
    members, pairs = facts
    where = on(question)
    if isinstance(answer, np.ndarray) and answer.ndim == 1 and answer.dtype.kind in "iu":
        answer = answer.tolist()
    if not isinstance(answer, list | tuple):
        found = difference(answer, question.expected, question.tolerance, names)
        return Finding("type", f"{found.text} ({where})" if found else f"expected a list ({where})")
    answer = [item.item() if isinstance(item, np.ndarray) and item.ndim == 0 else item for item in answer]
    for member in members:
        if (count := sum(type(item) is type(member) and item == member for item in answer)) != 1:
            return Finding("value", f"{member!r} {_times(count)}, expected once ({where})")
    if len(answer) != len(members):
        extra = next(item for item in answer if not any(type(item) is type(m) and item == m for m in members))
        return Finding("value", f"{one_line(repr(extra), 40)} is in your list, and it does not belong there ({where})")
    position = {item: index for index, item in enumerate(answer)}
    wrong = [(first, second) for first, second in pairs if position[first] > position[second]]
    if not wrong:
        return None
    first, second = wrong[0]
    turned = "; the other way round your list is right" if len(wrong) == len(pairs) > 1 else ""
    return Finding("value", f"{second!r} comes before {first!r} in your list, expected after it{turned} ({where})")


@dataclass(frozen=True)
class Raised:
    """Stands for an answer that is an exception of the student's own code: the names of its type and of its bases."""

    names: tuple[str, ...]


def raises(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    answer, instead = answers
    where = on(questions[0])
    error = options["error"]
    if not isinstance(answer, Raised):
        return Finding("value", f"your function returns {describe(answer)}, and it must raise {error} ({where})")
    if error not in answer.names:
        return Finding("exception", f"your function raises {answer.names[-1]}, and it must raise {error} ({where})")
    if isinstance(instead, Raised):
        return Finding("exception", f"your function raises {error} where there is an answer, too ({where})")
    return no_answer([instead], questions[1:], names)


def distributed(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict
) -> Finding | None:
    (answer,), (question,) = answers, questions
    if found := of_form(answer, question, names):
        return Finding(found.kind, f"{found.text} ({on(question)})")
    clause = stray(np.atleast_2d(np.asarray(answer)), facts)
    kind = "nonfinite" if clause.startswith("holds") else "value"
    return Finding(kind, f"{named((), names)} {clause} ({on(question)})") if clause else None


def seeded(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    text = SEEDING[_seeding(answers)]
    return Finding("value", f"{text} ({on(questions[0])})") if text else None


def grows(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    for answer, question, must in zip(answers, questions, (False, True), strict=True):
        ratio = _growth(answer)
        if not ratio > 0:
            return Finding("value", f"{named((), names)} must hold positive numbers ({on(question)})")
        if (ratio > options["by"]) is not must:
            bound = f"{'more' if must else 'at most'} {options['by']:g} times"
            text = f"the last of {named((), names)} is {ratio:.3g} times the first, expected {bound}"
            after = "with the inputs changed, " if must else ""
            return Finding("value", f"{after}{text} ({on(question)})")
    return None


def reaches(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict
) -> Finding | None:
    (answer,), (question,) = answers, questions
    if found := of_form(answer, question, names):
        return Finding(found.kind, f"{found.text} ({on(question)})")
    metric, least, most = METRICS[options["metric"]], options["least"], options["most"]
    reached = metric.measure(np.asarray(answer), np.asarray(question.expected))
    if (least is None or reached >= least) and (most is None or reached <= most):
        return None
    asked = f"at least {metric.text(least)}" if most is None else f"at most {metric.text(most)}"
    return Finding(
        "value", f"{metric.name} {metric.text(reached)} on held-back inputs, {asked} is asked ({on(question)})"
    )


def _growth(answer: Any) -> float:
    """A list's last number over its first; nan unless all are positive and finite."""
    try:
        values = np.array([np.asarray(item).item() for item in answer], float)
    except OverflowError:  # a whole number with hundreds of digits
        return np.nan
    with np.errstate(all="ignore"):
        return float(values[-1] / values[0]) if (np.isfinite(values) & (values > 0)).all() else np.nan


RULES: dict[str, Callable[..., Finding | None]] = {
    "agrees": agrees,
    "moves": moves,
    "keeps": keeps,
    "slopes": slopes,
    "orders": orders,
    "raises": raises,
    "distributed": distributed,
    "seeded": seeded,
    "grows": grows,
    "reaches": reaches,
}

MEASURES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "sum": lambda array, axis: array.sum(axis),
    "norm": lambda array, axis: np.linalg.norm(array, axis=axis),
}


SEEDING = {
    "": "",
    "same": "another random generator gives the same numbers: draw all of them from the one that is passed in",
    "other": "the same random generator gives other numbers the second time: draw from the one that is passed in alone",
}


def _seeding(answers: list) -> str:
    """What is wrong with the answers to a generator, to one in the same state and to one in another: a word of SEEDING."""
    first, again, other = answers
    if not wire.same(first, again):
        return "other"
    pairs = [(np.asarray(a), np.asarray(b)) for (_, a), (_, b) in zip(leaves(first), leaves(other), strict=False)]
    equal = np.concatenate([np.zeros(0), *((a == b).ravel() for a, b in pairs if a.shape == b.shape)])
    # continuous numbers are never the same twice, but a list may hold a constant; whole numbers may all but coincide
    is_continuous = all(a.dtype.kind == "f" for a, _ in pairs)
    return "same" if equal.size and equal.mean() > (0.5 if is_continuous else 0.99) else ""


def _trace_of_growth(answers: list, facts: Any, options: dict) -> Opaque:
    """Which of the lists grow or fall by far, and how long they are."""
    words = []
    for answer in answers:
        if not isinstance(answer, list | tuple | np.ndarray) or not all(
            is_numeric(item) and np.ndim(item) == 0 for item in answer
        ):
            return Opaque(describe(answer))
        ratio = _growth(answer) if len(answer) else np.nan
        words.append(f"{len(answer)} {ratio > options['by']} {ratio < 1 / options['by']} {ratio > 0}")
    return Opaque(", ".join(words))


def _trace_of_sample(answers: list, facts: Any, options: dict) -> Any:
    (answer,) = answers
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float64 or not np.isfinite(answer).all():
        return Opaque(describe(answer))
    return [*answer.shape, landmarks(answer, facts)]


# What a diagnosis compares where there is no one right answer: a student's wrong answers are a mistake's if these are
# the same. Each stands at its group's last question.
TRACES: dict[str, Callable[[list, Any, dict], Any]] = {
    "raises": lambda answers, facts, options: None if isinstance(answers[0], Raised) else Opaque("a value"),
    "distributed": _trace_of_sample,
    "seeded": lambda answers, facts, options: Opaque(_seeding(answers)),
    "grows": _trace_of_growth,
}


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b| of each entry; of booleans, 1 where they differ."""
    with np.errstate(all="ignore"):
        return np.abs(np.subtract(b, a, dtype=np.result_type(a, b, np.int8)))


def _tolerance_at(question: Question, path: tuple) -> float:
    """The largest tolerance below a path; 0 where there is nothing but text."""
    paired = zip(leaves(question.expected), question.tolerance, strict=True)
    return max((t for (where, _), t in paired if where[: len(path)] == path), default=0.0)


def _times(count: int) -> str:
    return "is missing from your list" if count == 0 else f"is in your list {count} times"
