"""Prove an exercise: the seven rules of `grade dev check`, on many seeds.

1. The reference agrees with its oracle and earns every point.
2. The stub earns nothing, and neither do lazy answers.
3. Every mistake loses points and is diagnosed as itself.
4. Correct answers written another way keep every point.
5. At least three mistakes, and two or three hints, each a sentence that teaches.
6. assignments/ equals a fresh build (see `grader.authoring.build`).
7. What stands below a worked example of the handout is what the reference answers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.authoring.answers import SWEPT, by_name, dressed, lazy_pieces
from grader.authoring.likeness import twin_of
from grader.authoring.runs import Scores, prove_run
from grader.authoring.sweep import mistakes_named, tells_little, undeserved
from grader.authoring.texts import wrong_texts
from grader.compiling.calls import answer_or_error, as_single, ask, plain
from grader.compiling.compile import compile_with_mistakes
from grader.compiling.in_process import asked_once, in_process
from grader.course.author_code import authored, reason
from grader.course.reference_text import definitions
from grader.course.unit import Unit
from grader.errors import GraderError
from grader.exercise import Edit
from grader.grading.judge import Ask, judge
from grader.judging.compare import difference, turned
from grader.judging.kinds.registry import decide, kind_of
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.nest import at, numeric_leaves
from grader.report import ExerciseReport
from grader.sandbox.wire import same

FAR = 100.0  # tolerances: the least distance of a mistake's answer from the right one
TWINS = "so that no question tells them apart and neither is named: leave one out, or add a case in which they differ"
NEAR = 0.5  # share of the tolerance that a correct rewrite may use


@dataclass
class Proof:
    """The result of proving one exercise. `failures` says which rules were broken, with a seed that shows it."""

    exercise: str
    points: int
    cases: int
    mistakes: int
    rewrites: int
    claims: int = 0
    seeds: int = 0
    survivors: set[str] = field(default_factory=set)  # mistakes that kept every point on some seed
    tolerance: float = 0.0  # the largest, relative to the largest expected entry
    nearest: float = math.inf  # distance of the nearest mistake, in tolerances
    used: float = 0.0  # largest part of the tolerance that a correct answer used
    scores: Scores | None = None  # of a training run, instead of the three above
    failures: list[str] = field(default_factory=list)

    def fail(self, rule: int, seed: int | None, text: str) -> bool:
        """Record a failure; returns False, for callers that stop there."""
        where = "" if seed is None else f" (seed {seed})"
        message = f"rule {rule}: {text}{where}"
        if len(self.failures) < 20:
            self.failures.append(message)
        return False


def prove(unit: Unit, name: str, seeds: range) -> Proof:
    """Prove all rules but the sixth for one exercise; stops at the first seed on which anything fails."""
    exercise = unit.exercises[name]
    proof = Proof(
        f"{unit.name}.{name}",
        exercise.points,
        len(exercise.cases),
        len(exercise.mistakes),
        len(unit.rewritten(name)),
        len(exercise.checks),
    )
    try:
        for rule, sentence in wrong_texts(unit, name):
            proof.fail(rule, None, sentence)
        if exercise.is_run:
            proof.scores = prove_run(unit, name, seeds, in_process, proof.fail)
            proof.seeds = len(seeds)
        else:
            _prove_seeds(unit, name, seeds, proof)
    except GraderError as error:  # of this exercise: what is found of the others is told all the same
        proof.fail(1, None, str(error))
    return proof


def _prove_seeds(unit: Unit, name: str, seeds: range, proof: Proof) -> None:
    rewrites = {**unit.rewritten(name), **_dressed(unit, name)}
    for seed in seeds:
        try:
            key, mistakes = compile_with_mistakes(unit, name, seed)
        except Exception as error:
            proof.fail(
                1, seed, str(error) if isinstance(error, GraderError) else f"it cannot be compiled: {reason(error)}"
            )
            break
        _prove_reference(unit, key, proof, seed)
        _prove_lazy(unit, key, proof, seed)
        _prove_mistakes(unit, key, mistakes, proof, seed)
        _prove_rewrites(unit, key, rewrites, proof, seed)
        _measure_tolerance(key, proof, 1.0 if unit.exercises[name].tolerance else 0.0)
        proof.seeds += 1
        if proof.failures:
            break


def report_on(pieces: Sequence[Callable], key: ExerciseKey, unit: Unit, diagnoses: bool = True) -> ExerciseReport:
    return judge(key, in_process(pieces, key), unit.name, diagnoses)


def _dressed(unit: Unit, name: str) -> dict[str, list[Callable]]:
    """The reference's answers in other forms; none for a class, whose answers come from its driver."""
    if unit.source(name).is_class:
        return {}
    clothes = dressed(unit.pieces(name)[0], unit.exercises[name].torch)
    return {how: [function] for how, function in clothes.items()}


def _prove_reference(unit: Unit, key: ExerciseKey, proof: Proof, seed: int) -> None:
    named = {question.driver: _oracle_name(key, question) for question in key.questions}
    if missing := [name for name in named.values() if not hasattr(unit.oracles, name)]:
        proof.fail(1, None, f"oracles.py has no {missing[0]}")
        return
    oracles = {driver: getattr(unit.oracles, name) for driver, name in named.items()}
    for question in _compared(key):
        try:
            with authored(f"the oracle raises in case {question.label!r}: ", unit.folder):
                answer = as_single(plain(ask(oracles[question.driver], question.inputs)), key)
        except (GraderError, ImportError) as error:
            proof.fail(1, seed, str(error))
            return
        truth = turned(answer, question.expected, key.signs_of(question))
        if found := difference(truth, question.expected, question.tolerance, key.returns):
            text = f"the reference differs from the oracle, of which {found.text}"
            proof.fail(1, seed, f"{text}, case {question.label!r}")
            return  # the other cases would say the same
    for check in key.checks:
        for group, facts in zip(check.groups, check.facts, strict=True) if kind_of(check).trace else ():
            questions = [key.questions[number] for number in group]
            answers = [answer_or_error(oracles[question.driver], question.inputs) for question in questions]
            if found := decide(check, answers, questions, key.returns_of(check), facts):
                raised = next((answer.names[-1] for answer in answers if isinstance(answer, Raised)), "")
                what = f"{_oracle_name(key, questions[0])} raises {raised}" if raised else found.message
                proof.fail(1, seed, f"the oracle does not hold {check.claim!r}: {what}")
    report = report_on(unit.pieces(key.name), key, unit)
    if report.points != key.points:
        proof.fail(1, seed, f"the reference earns {report.points} of {key.points}: {first_finding(report)}")


def _oracle_name(key: ExerciseKey, question: Question) -> str:
    """What the oracle of a question is called: as the exercise, or as the driver of its check's own."""
    return list(definitions(question.driver))[-1] if question.driver else key.name


def _compared(key: ExerciseKey) -> list[Question]:
    """The questions that have one right answer."""
    groups = [group for check in key.checks if not kind_of(check).trace for group in check.groups]
    return [key.questions[number] for number in sorted({number for group in groups for number in group})]


def _prove_lazy(unit: Unit, key: ExerciseKey, proof: Proof, seed: int) -> None:
    """Prove that lazy answers earn nothing and, on the first seed, that none is called a mistake that it is not."""
    is_first = not proof.seeds
    for how, lazy in lazy_pieces(unit, key):
        report = report_on(lazy, key, unit, diagnoses=is_first)
        if report.points and not how.startswith(SWEPT):
            proof.fail(2, seed, f"{how} earns {report.points}: {[c.claim for c in report.checks if c.points]}")
        for name in undeserved(how, in_process(lazy, key), key, report) if is_first else ():
            proof.fail(3, seed, f"{how} is called {name!r}, which answers otherwise")


def _prove_mistakes(unit: Unit, key: ExerciseKey, mistakes: dict[str, Ask], proof: Proof, seed: int) -> None:
    made = unit.mistakes(key.name)
    for name, known in mistakes.items():
        asked = _as_it_answers_now(name, known, made[name], key)
        report = judge(key, asked, unit.name)
        if report.points == key.points:
            proof.survivors.add(name)
            proof.fail(3, seed, f"mistake {name!r} keeps every point")
            continue
        found = mistakes_named(report)
        if found != {name} and not _is_excused(unit, name, asked, key, report):
            if twin := twin_of(name, key, made):
                if name < twin:  # one cause is told once
                    proof.fail(
                        3, seed, f"mistakes {name!r} and {twin!r} give the same answer to every question, {TWINS}"
                    )
            else:
                got = sorted(found) or first_finding(report)
                proof.fail(3, seed, f"mistake {name!r} is diagnosed as {got}")
        distance = max((_distance(question, name) for question in key.questions), default=0.0)
        proof.nearest = min(proof.nearest, distance)
        if distance < FAR:
            proof.fail(3, seed, f"mistake {name!r} is only {distance:.1f} tolerances from right, {FAR:g} are asked")


def _as_it_answers_now(name: str, known: Ask, pieces: Sequence[Callable], key: ExerciseKey) -> Ask:
    """What asks a mistake: with the answers that the key was made of, unless it draws random numbers of its own; then with new ones."""
    anew = asked_once(in_process(pieces, key))
    wrong = next((question for question in key.questions if name in question.mistakes), None)
    return known if wrong is None or same(anew(wrong).value, known(wrong).value) else anew


def _is_excused(unit: Unit, name: str, asked: Ask, key: ExerciseKey, report: ExerciseReport) -> bool:
    """Whether a mistake need not be named: the reference, so changed, only ever raises, or its answers could hardly be otherwise.

    A function of checks.py that only ever raises is a slip of its author's own.
    """
    if _always_raises(key, name):
        return any(each.name == name and isinstance(each.wrong, Edit) for each in unit.exercises[key.name].mistakes)
    return not mistakes_named(report) and tells_little(key, name, report, asked)


def _prove_rewrites(unit: Unit, key: ExerciseKey, rewrites: dict[str, list[Callable]], proof: Proof, seed: int) -> None:
    for how, rewrite in rewrites.items():
        asked = asked_once(in_process(by_name(rewrite, key), key))
        report = judge(key, asked, unit.name)
        if report.points != key.points:
            proof.fail(4, seed, f"correct, {how}, earns {report.points} of {key.points}: {first_finding(report)}")
            continue
        for question in _compared(key) if any(kind_of(check).compares for check in key.checks) else ():
            used = _error(turned(asked(question).value, question.expected, key.signs_of(question)), question)
            proof.used = max(proof.used, used)
            if used > NEAR:
                proof.fail(4, seed, f"correct, {how}, uses {used:.0%} of the tolerance in case {question.label!r}")


def _measure_tolerance(key: ExerciseKey, proof: Proof, least: float) -> None:
    """Record the largest tolerance, relative to the largest expected entry, or to `least` where all are smaller."""
    for question in _compared(key):
        for (_, leaf), tolerance in zip(numeric_leaves(question.expected), question.tolerance, strict=True):
            finite = np.abs(np.asarray(leaf)[np.isfinite(leaf)])
            if tolerance and finite.size and finite.max() > 0:
                proof.tolerance = max(proof.tolerance, tolerance / max(float(finite.max()), least))


def _always_raises(key: ExerciseKey, mistake: str) -> bool:
    """Whether a mistake only ever raises; then the student sees the exception, which is diagnosis enough."""
    wrong = [question.mistakes[mistake] for question in key.questions if mistake in question.mistakes]
    return bool(wrong) and all(answer is None for answer in wrong)


def _distance(question: Question, mistake: str) -> float:
    """The distance of a mistake's answer from the right one, in tolerances; inf if its form is wrong."""
    if mistake not in question.mistakes:
        return 0.0
    return _error(question.mistakes[mistake], question)


def _error(answer: Any, question: Question) -> float:
    """The largest |answer − expected| in tolerances; inf for a wrong form, 0 if there are no numbers to compare."""
    found = difference(answer, question.expected, [math.inf] * len(question.tolerance))
    if found and found.kind != "value":
        return math.inf
    largest = 0.0
    for (path, leaf), tolerance in zip(numeric_leaves(question.expected), question.tolerance, strict=True):
        yours, wanted = np.asarray(at(answer, path)), np.asarray(leaf)
        if tolerance == 0:
            largest = max(largest, math.inf if (yours != wanted).any() else 0.0)
            continue
        with np.errstate(all="ignore"):
            error = np.where(yours == wanted, 0.0, np.abs(yours - wanted)) / tolerance
        largest = max(largest, float(np.nan_to_num(error, nan=math.inf, posinf=math.inf).max(initial=0.0)))
    return largest


def first_finding(report: ExerciseReport) -> str:
    """The message of the report's first finding, for authors."""
    return next((check.finding.message for check in report.checks if check.finding), "no finding")
