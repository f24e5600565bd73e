"""Explain a wrong answer in general terms, for mistakes that no author has listed.

Each part of the answer is explained separately. A claim is made only if it holds on every case in which the part is
wrong and no other claim of the same strength does; a stronger claim goes before a weaker one. If no claim is left, the
sentence says which parts or which cases are right.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from grader.diagnosis.evidence import in_floats
from grader.diagnosis.explain_arrangements import forms, moved, not_reduced, reduced_too_far, weak
from grader.diagnosis.explain_digits import ROUGH, is_rough
from grader.diagnosis.explain_factors import constants, of_arguments, of_each
from grader.diagnosis.explain_given import returned
from grader.diagnosis.explain_overflow import nonfinite
from grader.diagnosis.explain_places import in_places
from grader.diagnosis.explain_shapes import of_shape
from grader.diagnosis.explain_sizes import Claim, Pair, magnitudes, precisions
from grader.judging.compare import difference
from grader.judging.describing import is_plural, named
from grader.judging.kinds.registry import kind_of
from grader.key import ExerciseKey
from grader.nest import Path, numeric_leaves
from grader.text import together

LARGEST = 1 << 18  # entries: a larger array is not searched
MOST_AXES = 5
MOST_SWAPPED = 4  # parts of an answer
FEW = 3  # cases: more than these are not called exceptions
# By dtype kind: fewer integers or booleans than these may agree by chance.
ENTRIES = {"f": 2, "c": 2, "i": 6, "u": 6, "b": 24}

Parts = dict[Path, list[Pair]]
Found = tuple[str, bool]  # a sentence, and whether it also explains why the right cases are right


def explain(exercise: ExerciseKey, evidence: Sequence[Any], also_wrong: Collection[str] = ()) -> str:
    """One or two sentences that hold on all the evidence; empty if nothing is sure.

    `evidence` has a question, its answer (None if the function raised) and whether that is right. `also_wrong` are labels
    of cases in which a claim of another kind is not met.
    """
    evidence = exact(exercise, evidence)
    answered = [item for item in evidence if item.answer is not None]
    wrong = [item for item in answered if not item.is_right]
    if not wrong or (len(answered) < len(evidence) and len(wrong) < 2):
        return ""
    with np.errstate(all="ignore"):
        parts = _parts(answered)
        found = _in_another_order(exercise.returns, parts) or _each_part(exercise, parts, answered)
        if not found:
            rough = ROUGH if is_rough(_wrong(parts)) else ""
            right = [_right_parts(exercise.returns, parts), _right_cases(exercise, evidence, also_wrong)]
            return " ".join(filter(None, [*right, rough]))
    text, is_whole = found
    if is_whole:
        return text
    scope = _exceptions(exercise, evidence, also_wrong) or _right_only(exercise, evidence)
    return f"{text} {scope}." if scope else ""


def _parts(answered: Sequence[Any]) -> Parts:
    """The pairs of each part of the answer, over all cases; empty if any answer lacks a part or has one too many."""
    parts: Parts = {}
    for item in answered:
        yours, expected = dict(numeric_leaves(item.answer)), dict(numeric_leaves(item.question.expected))
        if yours.keys() != expected.keys():
            return {}
        for (path, wanted), tolerance in zip(expected.items(), item.question.tolerance, strict=True):
            pair = _pair(item, np.asarray(yours[path]), np.asarray(wanted), tolerance)
            if pair is None:
                return {}
            parts.setdefault(path, []).append(pair)
    return parts


def _pair(item: Any, yours: np.ndarray, expected: np.ndarray, tolerance: float) -> Pair | None:
    is_small = max(yours.size, expected.size) <= LARGEST and max(yours.ndim, expected.ndim) <= MOST_AXES
    if not is_small or not {yours.dtype.kind, expected.dtype.kind} <= set("biufc"):
        return None
    as_floats = in_floats(yours, expected)
    is_right = item.is_right or difference(yours, expected, [tolerance]) is None
    return Pair(item.question, *as_floats, tolerance, yours.dtype, expected.dtype.kind, not is_right)


def _in_another_order(names: Sequence[str], parts: Parts) -> Found | None:
    """A sentence if the right answers are returned in the wrong order, such as (db, dW) for (dW, db)."""
    columns = [parts.get((i,), []) for i in range(len(names))]
    if not 2 <= len(names) <= MOST_SWAPPED or len(parts) > len(names) or len({len(column) for column in columns}) > 1:
        return None
    cases = list(zip(*columns, strict=True))
    wrong = [case for case in cases if any(pair.is_wrong for pair in case)]
    orders = [order for order in permutations(range(len(names))) if all(_is_ordered(case, order) for case in wrong)]
    if len(orders) != 1 or not _tells([pair for case in wrong for pair in case if pair.is_wrong]):
        return None
    elsewhere = [names[i] for i, j in enumerate(orders[0]) if i != j]
    text = f"You return {together([names[j] for j in orders[0]])}, in this order; the right order is {together(names)}."
    if len(elsewhere) == 2:
        text = f"{elsewhere[0]} and {elsewhere[1]} are swapped."
    return (text, all(_is_ordered(case, orders[0]) for case in cases)) if elsewhere else None


def _is_ordered(case: Sequence[Pair], order: Sequence[int]) -> bool:
    """Whether the answers, taken in this order, are the expected ones."""
    return all(replace(case[j], yours=case[i].yours).matches(case[j].expected) for i, j in enumerate(order))


def _each_part(exercise: ExerciseKey, parts: Parts, answered: Sequence[Any]) -> Found | None:
    """Sentences on the wrong parts that there is an explanation of in each of their wrong cases; the others are named."""
    wrong = _wrong(parts)
    blamed = {id(pair.question) for pairs in wrong.values() for pair in pairs if pair.is_wrong}
    if not wrong or {id(item.question) for item in answered if not item.is_right} - blamed:
        return None
    found = {path: _claim(exercise, pairs) for path, pairs in wrong.items()}
    claims = [claim for claim in found.values() if claim]
    of_all = [claim for claim in claims if all(all(map(claim.holds, pairs)) for pairs in wrong.values())]
    groups: dict[str, list[Path]] = {}
    for path, pairs in wrong.items():
        others = of_all or [claim for claim in claims if claim.spreads or not found[path]]
        if claim := next((claim for claim in others if all(map(claim.holds, pairs))), found[path]):
            found[path] = claim
            groups.setdefault(claim.text, []).append(path)
    if not 1 <= len(groups) <= 2:
        return None
    is_whole = all(claim.holds(pair) for path, claim in found.items() if claim for pair in wrong[path])
    texts = [_sentence(_names(paths, exercise.returns, parts), text) for text, paths in groups.items()]
    if unexplained := [path for path, claim in found.items() if not claim]:
        texts.append(_sentence(_names(unexplained, exercise.returns, parts), "is wrong, too"))
    right = _names([path for path in parts if path not in wrong], exercise.returns, parts)
    return (f"{_sentence(right, 'is right')[:-1]}; {' '.join(texts)}" if right else _capital(" ".join(texts))), is_whole


def _right_parts(names: Sequence[str], parts: Parts) -> str:
    wrong = _wrong(parts)
    right = [path for path in parts if path not in wrong]
    if not wrong or not right:
        return ""
    return f"{_sentence(_names(right, names, parts), 'is right')[:-1]}, {_sentence(_names(list(wrong), names, parts), 'is not')}"


def _wrong(parts: Parts) -> Parts:
    return {path: pairs for path, pairs in parts.items() if any(pair.is_wrong for pair in pairs)}


def _names(paths: Sequence[Path], names: Sequence[str], parts: Parts) -> list[str]:
    """The names of parts of an answer; just `grads` if all of `grads[0]`, `grads[1]`, … are meant.

    Where some cases ask for the first part alone and others for all, the part alone goes by its name.
    """
    called: list[str] = []
    is_mixed = () in parts and len(parts) > 1
    for path in paths:
        whole = 0 if len(names) == 1 else 1
        alike = [other for other in parts if other[:whole] == path[:whole]]
        shown = path[:whole] if all(other in paths for other in alike) else path
        name = names[0] if is_mixed and names and not shown else _name(shown, names)
        if name not in called:
            called.append(name)
    return called if len(called) <= 4 else [*called[:3], f"{len(called) - 3} more"]


def _name(path: Path, names: Sequence[str]) -> str:
    if not path:
        return "your answer"
    known = len(names) == 1 or (isinstance(path[0], int) and path[0] < len(names))
    return named(path, names if known else [])


def _sentence(subjects: Sequence[str], predicate: str) -> str:
    """Subjects and a predicate as a sentence: `dW and db are transposed.`, `gradients have the wrong sign.`"""
    if len(subjects) > 1 or is_plural(subjects[0]):
        verb, _, rest = predicate.partition(" ")
        predicate = f"{PLURAL[verb]} {rest}"
    return f"{together(subjects)} {predicate}{'' if predicate.endswith('?') else '.'}"


PLURAL = {"is": "are", "has": "have", "sums": "sum", "lacks": "lack"}


def _capital(text: str) -> str:
    """Capitalise `your answer` at the start of a sentence; a name such as dx stays as it is."""
    return text[0].upper() + text[1:] if text.startswith("your ") else text


def _right_cases(exercise: ExerciseKey, evidence: Sequence[Any], also_wrong: Collection[str]) -> str:
    exceptions = _exceptions(exercise, evidence, also_wrong)
    return f"{exceptions}{nonfinite(exercise, evidence)}." if exceptions else ""


def _exceptions(exercise: ExerciseKey, evidence: Sequence[Any], also_wrong: Collection[str]) -> str:
    wrong, right = _labels(exercise, evidence)
    if not wrong or len(wrong) > min(FEW, len(right)) or not set(also_wrong) <= set(wrong):
        return ""
    return f"Right everywhere but in {_cases(wrong)}"


def _right_only(exercise: ExerciseKey, evidence: Sequence[Any]) -> str:
    right = _labels(exercise, evidence)[1]
    return f"Right only in {_cases(right)}" if 0 < len(right) <= FEW else ""


def only_locates(hint: str) -> bool:
    """Whether a hint is empty, or says where an answer is wrong and nothing of why."""
    return not hint or bool(
        re.fullmatch(r"(.* (is|are) right, .* (is|are) not\.)?( ?Right (everywhere but|only) in .*\.)?", hint)
    )


def exact(exercise: ExerciseKey, evidence: Sequence[Any]) -> list[Any]:
    """The evidence from questions with exactly one right answer, each question once."""
    compared = _compared(exercise)
    return list({id(item.question): item for item in evidence if id(item.question) in compared}.values())


def _compared(exercise: ExerciseKey) -> set[int]:
    groups = [group for check in exercise.checks if kind_of(check).compares for group in check.groups]
    asked = [exercise.questions[n] for group in groups for n in group]
    return {id(question) for question in asked if not question.driver}


def _labels(exercise: ExerciseKey, evidence: Sequence[Any]) -> tuple[list[str], list[str]]:
    """The labels of the wrong cases and of the right ones; both empty unless every case was asked and answered."""
    if len(evidence) < len(_compared(exercise)) or any(item.answer is None for item in evidence):
        return [], []
    wrong = list(dict.fromkeys(item.question.label for item in evidence if not item.is_right))
    return wrong, [label for label in dict.fromkeys(item.question.label for item in evidence) if label not in wrong]


def _cases(labels: Sequence[str]) -> str:
    return f"the case{'s' if len(labels) > 1 else ''} {together([repr(label) for label in labels])}"


def _claim(exercise: ExerciseKey, pairs: Sequence[Pair]) -> Claim | None:
    """The one claim of the strongest kind that holds on every wrong pair; those that fit the right pairs go first."""
    wrong, right = ([pair for pair in pairs if pair.is_wrong is is_wrong] for is_wrong in (True, False))
    if not all(pair.is_clear and pair.yours.size for pair in wrong) or not _tells(wrong):
        return None
    changes = [*constants(pairs), *magnitudes(exercise.shapes, pairs)]
    if wrong[0].kind == "c":  # where an entry has two parts, only its size is looked at
        tiers: Sequence[Iterable[Claim]] = (returned(wrong), precisions(wrong), changes)
    else:
        tiers = (
            returned(wrong),
            precisions(wrong),
            *forms(wrong),
            [*changes, *moved(wrong), *not_reduced(wrong), *reduced_too_far(wrong)],
            weak(wrong),
            of_arguments(pairs),
            of_each(wrong),
            in_places(wrong),
            of_shape(wrong),
        )
    for tier in tiers:
        held = [claim for claim in tier if all(map(claim.holds, wrong))]
        whole = [claim for claim in held if all(map(claim.holds, right))]
        if len(best := whole or held) == 1:
            return best[0]
        if best:
            return _general(best)
    return None


def _general(claims: Sequence[Claim]) -> Claim | None:
    """The more general claim that competing claims share; None if they share none."""
    texts = {claim.general for claim in claims}
    return replace(claims[0], text=texts.pop()) if len(texts) == 1 and claims[0].general else None


def _tells(wrong: Sequence[Pair]) -> bool:
    """Whether the expected values are varied and many enough that agreement is no coincidence."""
    values = np.concatenate([pair.expected.ravel() for pair in wrong])
    sizes = np.unique(np.abs(values[np.isfinite(values) & (values != 0)]))
    if wrong[0].kind == "f" and any(pair.yours.shape != pair.expected.shape for pair in wrong):
        return sizes.size > 0
    if sizes.size == 0 or (values == values[0]).all():
        return False
    return values.size >= (ENTRIES[wrong[0].kind] if sizes.size > 1 else ENTRIES["b"])
