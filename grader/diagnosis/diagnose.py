"""Say what went wrong, but only when sure: named mistakes first, then explanations that need no author.

A wrong diagnosis costs a student more than no diagnosis, so every rule here must hold on all the evidence at once.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from grader.diagnosis.evidence import Evidence, bears_out, one_answer_for_all
from grader.frozen import frozen
from grader.judging.compare import difference, turned
from grader.key import ExerciseKey, MistakeKey, Question
from grader.nest import numeric_leaves

ROUNDED = 1e-9  # of an answer's size: sums of thousands of float64 numbers differ by less


@frozen
class Diagnosis:
    """The cause of a wrong answer: `text` says what was done and what to try, `mistake` names a listed one, if any."""

    text: str
    mistake: str = ""


def diagnose(
    exercise: ExerciseKey,
    evidence: Sequence[Evidence],
    is_partly_right: bool = False,
    also_wrong: Collection[str] = (),
    tries_pairs: bool = True,
) -> Diagnosis | None:
    """The one diagnosis that fits all the evidence, or None.

    `is_partly_right` is whether a claim of the exercise is met; in the cases `also_wrong` one is not of which the evidence
    says nothing. `tries_pairs` is whether two mistakes at once are thought of, which takes its time.
    """
    if all(item.is_right for item in evidence):
        return None
    fitting = _fitting(exercise, evidence)
    if found := _named(fitting, evidence, is_partly_right):
        return found
    if len(fitting) > 1:
        return None
    from grader.diagnosis.explain import exact, explain  # loads many rules, needed only for a wrong answer
    from grader.diagnosis.explain_given import is_returned
    from grader.diagnosis.pairs import two_mistakes

    compared = exact(exercise, evidence)
    is_sought = tries_pairs and not fitting and not is_returned(compared)
    text = two_mistakes(exercise, compared, is_partly_right) if is_sought else ""
    text = text or explain(exercise, evidence, also_wrong)
    return Diagnosis(text) if text else None


def constant(evidence: Sequence[Evidence]) -> Diagnosis | None:
    """What is said of answers that are one and the same number everywhere: of these, no mistake is named."""
    text = one_answer_for_all(evidence)
    return Diagnosis(text) if text else None


def named_mistake(
    exercise: ExerciseKey, evidence: Sequence[Evidence], is_partly_right: bool = False
) -> Diagnosis | None:
    """The one listed mistake that fits all the evidence and is borne out by it, or None."""
    return _named(_fitting(exercise, evidence), evidence, is_partly_right)


def is_contradicted(exercise: ExerciseKey, mistake: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a wrong answer is not the one that a mistake gives to its question."""
    telling = (item for item in evidence if mistake in item.question.mistakes and not item.is_right)
    return any(not _fits(exercise, mistake, [item]) for item in telling)


def _named(fitting: Sequence[MistakeKey], evidence: Sequence[Evidence], is_partly_right: bool) -> Diagnosis | None:
    if len(fitting) != 1 or not bears_out(evidence, is_partly_right):
        return None
    return Diagnosis(fitting[0].sentence, fitting[0].name)


def _fitting(exercise: ExerciseKey, evidence: Sequence[Evidence]) -> list[MistakeKey]:
    return [mistake for mistake in exercise.mistakes if _fits(exercise, mistake.name, evidence)]


def _fits(exercise: ExerciseKey, mistake: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the answers equal the mistake's wherever that differs from the reference, and are right elsewhere.

    Free signs are turned to the mistake's: where a vector stands across the right one, nothing there says which it has.
    """
    for item in evidence:
        if mistake not in item.question.mistakes:
            if not item.is_right:
                return False
            continue
        if item.question.mistakes[mistake] is None:
            if item.answer is not None:
                return False
        elif _differ(item.answer, mistake, item.question, exercise):
            return False
    return True


def _differ(answer: Any, mistake: str, question: Question, exercise: ExerciseKey) -> bool:
    """Whether an answer is not a mistake's, with its free signs as they are or turned."""
    theirs, signs, name = question.mistakes[mistake], exercise.signs_of(question), ("margins", id(question), mistake)
    if name not in exercise.kept:
        exercise.kept[name] = question, _tolerances(question, theirs)  # with the question, so that its id stays its own
    _, tolerances = exercise.kept[name]
    if not difference(answer, theirs, tolerances):
        return False
    return not signs or bool(difference(turned(answer, theirs, signs), theirs, tolerances))


def _tolerances(question: Question, answer: Any) -> Sequence[float]:
    """A tolerance for each leaf of a mistake's answer: the question's own, or its largest if the answer has another form.

    What is larger than the right answer is rounded in larger steps, and on another machine otherwise: the tolerance grows
    with it, up to what the arithmetic needs.
    """
    mine, theirs = numeric_leaves(question.expected), numeric_leaves(answer)
    if len(theirs) != len(question.tolerance) or len(mine) != len(theirs):
        return [max(question.tolerance, default=0.0)] * len(theirs)
    sizes = [(_size(one), _size(other)) for (_, one), (_, other) in zip(mine, theirs, strict=True)]
    return [_grown(tolerance, *size) for tolerance, size in zip(question.tolerance, sizes, strict=True)]


def _grown(tolerance: float, mine: float, theirs: float) -> float:
    share = tolerance / mine if mine else 0.0
    return max(tolerance, min(share, ROUNDED) * theirs)


def _size(leaf: Any) -> float:
    """The largest finite entry of a leaf; 0 if it has none."""
    if isinstance(leaf, float):  # one of thousands, maybe, for which an array each takes its time
        return abs(leaf) if math.isfinite(leaf) else 0.0
    with np.errstate(all="ignore"):
        entries = np.abs(np.atleast_1d(leaf))
    finite = entries[np.isfinite(entries)] if entries.dtype.kind in "fiu" else entries[:0]
    return float(finite.max()) if finite.size else 0.0
