"""Prove an exercise: the six rules of `grade dev check`, on many seeds.

1. The reference agrees with its oracle and earns every point.
2. The stub earns nothing, and neither do lazy answers.
3. Every mistake loses points and is diagnosed as itself.
4. Correct answers written another way keep every point.
5. At least three mistakes, and two or three hints, each a sentence that teaches.
6. assignments/ equals a fresh build (see `grader.authoring.build`).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.compare import at, difference, leaves
from grader.compile import attempt, compile_exercise
from grader.judge import Answer, Ask, judge
from grader.key import ExerciseKey, Question
from grader.report import ExerciseReport, Finding, Status
from grader.sandbox.call import call
from grader.unit import Unit

FAR = 100.0  # tolerances that the nearest mistake must keep away from right
NEAR = 0.5  # of the tolerance that a correct answer written another way may use up


@dataclass
class Proof:
    """What was shown for one exercise. `failures` says which rule broke, with the seed that shows it."""

    exercise: str
    points: int
    cases: int
    mistakes: int
    rewrites: int
    seeds: int = 0
    tolerance: float = 0.0  # the largest, relative to the largest expected entry
    nearest: float = math.inf  # distance of the nearest mistake, in tolerances
    used: float = 0.0  # largest part of the tolerance that a correct answer used
    failures: list[str] = field(default_factory=list)

    def fail(self, rule: int, seed: int | None, text: str) -> None:
        where = "" if seed is None else f" (seed {seed})"
        message = f"rule {rule}: {text}{where}"
        if len(self.failures) < 20:
            self.failures.append(message)


def prove(unit: Unit, name: str, seeds: range) -> Proof:
    """Rules 1 to 5 for one exercise; it stops at the first seed on which anything fails."""
    exercise = unit.exercises[name]
    rewrites = {**unit.rewritten(name), **dressed(unit.function(name))}
    proof = Proof(
        f"{unit.name}.{name}", exercise.points, len(exercise.cases), len(exercise.mistakes), len(unit.rewritten(name))
    )
    _prove_text(unit, name, proof)
    for seed in seeds:
        try:
            key = compile_exercise(unit, name, seed)
        except Exception as error:
            proof.fail(1, seed, f"it cannot be compiled: {type(error).__name__}: {error}")
            break
        _prove_reference(unit, key, proof, seed)
        _prove_lazy(unit, key, proof, seed)
        _prove_mistakes(unit, key, proof, seed)
        _prove_rewrites(unit, key, rewrites, proof, seed)
        _measure_tolerance(key, proof)
        proof.seeds += 1
        if proof.failures:
            break
    return proof


def in_process(function: Callable, exercise: ExerciseKey) -> Ask:
    """Answers from a function of the author's own, by the worker's code but without a worker."""

    def ask(question: Question) -> Answer:
        with np.errstate(all="ignore"):
            reply = call(function, question.inputs, exercise.parameters)
        if "error" in reply:
            error = reply["error"]
            text = f"{error['type']}: {error['message']} (case: {question.label})"
            missing = error["type"] == "NotImplementedError"
            status = Status.MISSING if missing else Status.ERROR
            return Answer(finding=Finding("missing" if missing else "exception", text), status=status)
        return Answer(reply["value"], changed=reply["changed"])

    return ask


def report_on(function: Callable, key: ExerciseKey, unit: Unit) -> ExerciseReport:
    return judge(key, in_process(function, key), unit.name)


def lazy_answers(reference: Callable, parameters: list[str]) -> Iterator[tuple[str, Callable]]:
    """Answers that took no thought; the reference lends its shapes, so that only the values are wrong."""

    def like(value: float) -> Callable:
        return lambda **inputs: _fill(reference(**inputs), value)

    yield "the stub", _stub
    yield "zeros", like(0.0)
    yield "ones", like(1.0)
    yield "nan", like(math.nan)
    yield "None", lambda **inputs: None
    for parameter in parameters:
        yield f"its input {parameter} back", lambda _name=parameter, **inputs: inputs.get(_name)


def dressed(reference: Callable) -> dict[str, Callable]:
    """The reference's answers in other clothes that cost nothing."""

    def dress(leaf: Callable, sequence: Callable = lambda parts: parts) -> Callable:
        return lambda **inputs: _map(
            reference(**inputs), lambda item: item if isinstance(item, str) else leaf(item), sequence
        )

    return {
        "in Fortran order": dress(lambda a: np.asfortranarray(a) if np.ndim(a) else a),
        "as a view": dress(lambda a: np.stack([a, a], -1)[..., 0] if np.ndim(a) else a),
        "read-only": dress(_read_only),
        "a list for a tuple": dress(lambda a: a, list),
        "a tuple for a list": dress(lambda a: a, tuple),
        "Python numbers for scalars": dress(lambda a: a if np.ndim(a) else np.asarray(a).item()),
        "0-d arrays for scalars": dress(lambda a: a if np.ndim(a) else np.asarray(a)),
    }


def _prove_text(unit: Unit, name: str, proof: Proof) -> None:
    exercise = unit.exercises[name]
    if len(exercise.mistakes) < 3:
        proof.fail(5, None, f"{len(exercise.mistakes)} mistakes; at least three that people really make")
    if not 2 <= len(exercise.hints) <= 3:
        proof.fail(5, None, f"{len(exercise.hints)} hints; two or three, from question to pointer")
    if not unit.rewritten(name):
        proof.fail(4, None, f"rewrites.py has no {name}__<how>")
    for text in [*(mistake.sentence for mistake in exercise.mistakes), *exercise.hints]:
        if not text.rstrip().endswith((".", "?", "!")) or not text[:1].isupper():
            proof.fail(5, None, f"not a sentence: {text!r}")
        if given := _gives_away(text, unit.source(name).body):
            proof.fail(5, None, f"{text!r} gives a line of the reference away: {given}")


def _gives_away(text: str, body: str) -> str:
    """A line of code of the reference that stands in a text as it is."""
    squeezed = "".join(text.split())
    for line in body.splitlines()[1:]:
        code = line.split("#")[0].strip().removeprefix("return ").split(" = ")[-1]
        if len(code) >= 12 and "".join(code.split()) in squeezed:
            return code
    return ""


def _prove_reference(unit: Unit, key: ExerciseKey, proof: Proof, seed: int) -> None:
    oracle = getattr(unit.oracles, key.name, None)
    if oracle is None:
        proof.fail(1, None, f"oracles.py has no {key.name}")
        return
    for question in key.questions:
        truth = attempt(oracle, question.inputs)
        if found := difference(question.expected, truth, question.tolerance, key.returns):
            proof.fail(1, seed, f"the reference differs from the oracle: {found.text}, case {question.label!r}")
    report = report_on(unit.function(key.name), key, unit)
    if report.points != key.points:
        proof.fail(1, seed, f"the reference earns {report.points} of {key.points}: {_first_finding(report)}")


def _prove_lazy(unit: Unit, key: ExerciseKey, proof: Proof, seed: int) -> None:
    for how, lazy in lazy_answers(unit.function(key.name), key.parameters):
        report = report_on(_by_name(lazy, key), key, unit)
        if report.points:
            claims = [check.claim for check in report.checks if check.points]
            proof.fail(2, seed, f"{how} earns {report.points}: {claims}")


def _prove_mistakes(unit: Unit, key: ExerciseKey, proof: Proof, seed: int) -> None:
    for name, mistake in unit.mistakes(key.name).items():
        report = report_on(mistake, key, unit)
        if report.points == key.points:
            proof.fail(3, seed, f"mistake {name!r} keeps every point")
        found = {check.finding.mistake for check in report.checks if check.finding and check.finding.mistake}
        if found != {name} and not _always_raises(key, name):
            got = sorted(found) or _first_finding(report)
            proof.fail(3, seed, f"mistake {name!r} is diagnosed as {got}")
        distance = max((_distance(question, name) for question in key.questions), default=0.0)
        proof.nearest = min(proof.nearest, distance)
        if distance < FAR:
            proof.fail(3, seed, f"mistake {name!r} is only {distance:.1f} tolerances from right, {FAR:g} are asked")


def _prove_rewrites(unit: Unit, key: ExerciseKey, rewrites: dict[str, Callable], proof: Proof, seed: int) -> None:
    for how, rewrite in rewrites.items():
        report = report_on(_by_name(rewrite, key), key, unit)
        if report.points != key.points:
            proof.fail(4, seed, f"correct, {how}, earns {report.points} of {key.points}: {_first_finding(report)}")
        for question in key.questions:
            answer = attempt(rewrite, question.inputs)
            used = (
                _error(answer, question) if any(key.checks[i].kind == "agrees" for i in range(len(key.checks))) else 0.0
            )
            proof.used = max(proof.used, used)
            if used > NEAR:
                proof.fail(4, seed, f"correct, {how}, uses {used:.0%} of the tolerance in case {question.label!r}")


def _measure_tolerance(key: ExerciseKey, proof: Proof) -> None:
    for question in key.questions:
        for (_, leaf), tolerance in zip(leaves(question.expected), question.tolerance, strict=True):
            finite = np.abs(np.asarray(leaf, float)[np.isfinite(leaf)])
            if tolerance and finite.size and finite.max() > 0:
                proof.tolerance = max(proof.tolerance, tolerance / float(finite.max()))


def _always_raises(key: ExerciseKey, mistake: str) -> bool:
    """A mistake that answers nothing is met by the student as an exception, which is its own diagnosis."""
    wrong = [question.mistakes[mistake] for question in key.questions if mistake in question.mistakes]
    return bool(wrong) and all(answer is None for answer in wrong)


def _distance(question: Question, mistake: str) -> float:
    """How far a mistake's answer is from right, in tolerances; inf where it is not even of the right form."""
    if mistake not in question.mistakes:
        return 0.0
    return _error(question.mistakes[mistake], question)


def _error(answer: Any, question: Question) -> float:
    """The largest |answer − expected| in tolerances; inf for another form, 0 for what has no numbers to compare."""
    found = difference(answer, question.expected, [math.inf] * len(question.tolerance))
    if found and found.kind != "value":
        return math.inf
    largest = 0.0
    for (path, leaf), tolerance in zip(leaves(question.expected), question.tolerance, strict=True):
        yours, wanted = np.asarray(at(answer, path)), np.asarray(leaf)
        if tolerance == 0:
            largest = max(largest, math.inf if (yours != wanted).any() else 0.0)
            continue
        with np.errstate(all="ignore"):
            error = np.where(yours == wanted, 0.0, np.abs(yours - wanted)) / tolerance
        largest = max(largest, float(np.nan_to_num(error, nan=math.inf, posinf=math.inf).max(initial=0.0)))
    return largest


def _by_name(function: Callable, key: ExerciseKey) -> Callable:
    """A function of keyword arguments that can be called as students' functions are, by position too."""

    def named(*args: Any, **kwargs: Any) -> Any:
        return function(**dict(zip(key.parameters, args, strict=False)), **kwargs)

    return named


def _first_finding(report: ExerciseReport) -> str:
    return next((check.finding.message for check in report.checks if check.finding), "no finding")


def _stub(**inputs: Any) -> None:
    raise NotImplementedError


def _fill(tree: Any, value: float) -> Any:
    def fill(leaf: Any) -> Any:
        if isinstance(leaf, str):
            return ""
        kind = np.asarray(leaf).dtype
        return (
            np.full(np.shape(leaf), value).astype(kind, copy=False)
            if not (kind.kind in "biu" and math.isnan(value))
            else None
        )

    return _map(tree, fill, lambda parts: parts)


def _map(tree: Any, leaf: Callable, sequence: Callable) -> Any:
    if isinstance(tree, list | tuple):
        return sequence(type(tree)(_map(item, leaf, sequence) for item in tree))
    if isinstance(tree, dict):
        return {key: _map(item, leaf, sequence) for key, item in tree.items()}
    return leaf(tree)


def _read_only(array: Any) -> Any:
    if np.ndim(array) == 0:
        return array
    array = np.array(array)
    array.flags.writeable = False
    return array
