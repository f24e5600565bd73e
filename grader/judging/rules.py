"""How a check is decided: one rule for each kind of check. Pure functions of rebuilt data, on our side.

A rule gets the student's answers to one case's questions, the questions, and the check's facts and options;
it returns a Finding, or None where the claim holds.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.judging.compare import at, describe, difference, leaves, named, numbers, only
from grader.judging.error_maps import error_map
from grader.judging.forms import no_answer, of_form, on
from grader.judging.metrics import METRICS
from grader.judging.samples import stray
from grader.judging.traces import SEEDING, Raised, floats, growth, seeding
from grader.key import Question
from grader.report import Finding
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
    with np.errstate(all="ignore"):  # a sum of huge numbers is infinite, and that is wrong
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
    with np.errstate(all="ignore"):  # what is too large for a number is infinite, and then nothing is near to it
        claimed = sum(float((np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
        size = sum(float(np.abs(np.asarray(g) * np.asarray(v)).sum()) for (_, g), (_, v) in pairs)
    tolerance = SLOPE_TOLERANCE * max(size, abs(slope))
    if not np.isfinite([claimed, slope, size]).all() or not abs(slope - claimed) <= tolerance:
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
    if found := _no_sample(answers, questions, names):
        return found
    (answer,), (question,) = answers, questions
    clause = stray(np.atleast_2d(np.asarray(answer)), facts)
    kind = "nonfinite" if clause.startswith("holds") else "value"
    return Finding(kind, f"{named((), names)} {clause} ({on(question)})") if clause else None


def seeded(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    text = SEEDING[seeding(answers)]
    return Finding("value", f"{text} ({on(questions[0])})") if text else None


def grows(answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict) -> Finding | None:
    if found := no_answer(answers, questions, names):
        return found
    for answer, question, must in zip(answers, questions, (False, True), strict=True):
        ratio = growth(answer)
        if not ratio > 0:
            return Finding("value", f"{named((), names)} must hold positive numbers ({on(question)})")
        if (ratio > options["by"]) is not must:
            bound = f"{'more' if must else 'at most'} {options['by']:g} times"
            text = f"the last of {named((), names)} is {ratio:.3g} times the first, expected {bound}"
            after = "with the inputs changed, " if must else ""
            return Finding("value", f"{after}{text} ({on(question)})")
    return None


def bounded(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict
) -> Finding | None:
    if found := _no_sample(answers, questions, names):
        return found
    (answer,), (question,) = answers, questions
    values = floats(answer)
    misses = [np.flatnonzero(~((low <= values) & (values <= high))) for low, high in facts]
    pair = min(range(len(facts)), key=lambda number: len(misses[number]))
    if not len(misses[pair]):
        return None
    i, (low, high) = int(misses[pair][-1]), facts[pair]
    text = f"{named((i,), names)} is {values[i]:.4g}, expected between {low[i]:.4g} and {high[i]:.4g}"
    return Finding("value", f"{text} ({on(question)})")


def reaches(
    answers: list, questions: list[Question], names: Sequence[str], facts: Any, options: dict
) -> Finding | None:
    (answer,), (question,) = answers, questions
    if found := of_form(answer, question, names):
        return Finding(found.kind, f"{found.text} ({on(question)})")
    metric, least, most = METRICS[options["metric"]], options["least"], options["most"]
    with np.errstate(all="ignore"):  # predictions of any size: their square may be infinite, and that is not reached
        reached = metric.measure(np.asarray(answer), np.asarray(question.expected))
    if (least is None or reached >= least) and (most is None or reached <= most):
        return None
    asked = f"at least {metric.text(least)}" if most is None else f"at most {metric.text(most)}"
    return Finding(
        "value", f"{metric.name} {metric.text(reached)} on held-back inputs, {asked} is asked ({on(question)})"
    )


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
    "bounded": bounded,
    "reaches": reaches,
}

MEASURES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "sum": lambda array, axis: array.sum(axis),
    "norm": lambda array, axis: np.linalg.norm(array, axis=axis),
}


def _no_sample(answers: list, questions: list[Question], names: Sequence[str]) -> Finding | None:
    """A finding where random numbers have another form; which number stands where is not asked, so none is expected."""
    (answer,), (question,) = answers, questions
    if not (found := of_form(answer, question, names)):
        return None
    text = found.text
    if found.kind == "nonfinite":
        text = f"{text.partition(', expected ')[0]}, expected a finite number"
    return Finding(found.kind, f"{text} ({on(question)})")


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
