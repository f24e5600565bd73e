"""Compile a unit's solutions, with a seed, into a key. The only module that runs references and mistakes for grading."""

import math
import zlib
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from grader.compare import leaves
from grader.exercise import Check, Draw, Exercise, Inputs
from grader.key import CheckKey, ExerciseKey, Key, MistakeKey, Question, make
from grader.sandbox.wire import materialise, same
from grader.unit import Unit

# A tolerance is MARGIN times the noise of the reference itself, so that another order of summation, another BLAS or
# an equivalent formula stays inside by two or three orders of magnitude. `grade dev check` prints what is left on
# the other side, up to the nearest mistake.
MARGIN = 1000
FLOOR = 8 * np.finfo(np.float64).eps  # noise of a handful of roundings, relative to the largest entry
PERTURBATIONS = 6


def compile_key(unit: Unit, seed: int, only: Collection[str] = ()) -> Key:
    """The unit's key for a seed. Raises whatever a reference raises: a reference must answer every case."""
    names = [name for name in unit.exercises if not only or name in only]
    return make(unit.name, unit.title, list(unit.allows), [compile_exercise(unit, name, seed) for name in names])


def compile_exercise(unit: Unit, name: str, seed: int) -> ExerciseKey:
    exercise, source = unit.exercises[name], unit.source(name)
    book = _Questions(exercise, unit.function(name), unit.mistakes(name))
    for label, case in exercise.cases.items():
        book.add(label, case(Draw(_rng(seed, unit.name, name, label))))
    checks = [_compile_check(check, book, unit.name, name, seed) for check in exercise.checks]
    return ExerciseKey(
        name=name,
        points=exercise.points,
        parameters=source.parameters,
        shapes=source.shapes,
        returns=source.returns,
        summary=source.summary,
        stub=source.stub,
        handout=unit.handout(name),
        hints=list(exercise.hints),
        questions=book.questions,
        checks=checks,
        mistakes=[MistakeKey(mistake.name, mistake.sentence) for mistake in exercise.mistakes],
    )


def ask(function: Callable, inputs: Inputs) -> Any:
    """Call with the inputs' own copies, warnings off; keyword arguments, so a default may be left out."""
    with np.errstate(all="ignore"):
        return function(**materialise(inputs))


def measure_noise(function: Callable, inputs: Inputs, expected: Any) -> list[float]:
    """Absolute rounding noise of each leaf of an answer, never below FLOOR times its largest entry.

    Two measurements, and the larger counts: the answer's spread when every input moves by at most one unit in the
    last place (what no algorithm can avoid), and its distance to the same function in extended precision (what this
    one adds). An exact answer, an integer or a boolean, has none.
    """
    noise = [0.0] * len(list(leaves(expected)))
    rng = np.random.default_rng(0)
    others = [_nudged(inputs, rng) for _ in range(PERTURBATIONS)] + [_extended(inputs)]
    for other in others:
        try:
            answer = _plain(ask(function, other))
        except (TypeError, ValueError):  # a function that cannot work in extended precision
            continue
        for i, ((_, a), (_, b)) in enumerate(zip(leaves(answer), leaves(expected), strict=True)):
            noise[i] = max(noise[i], _spread(np.asarray(a), np.asarray(b)))
    return [
        max(n, FLOOR * _scale(leaf)) if _is_inexact(leaf) else 0.0
        for n, (_, leaf) in zip(noise, leaves(expected), strict=True)
    ]


class _Questions:
    """The questions of one exercise as they are collected."""

    def __init__(self, exercise: Exercise, reference: Callable, mistakes: dict[str, Callable]):
        self.exercise, self.reference, self.mistakes = exercise, reference, mistakes
        self.questions: list[Question] = []
        self.inputs: dict[str, Inputs] = {}

    def add(self, label: str, inputs: Inputs, with_mistakes: bool = True) -> int:
        """Ask the reference and every mistake; returns the question's number."""
        expected = _plain(ask(self.reference, inputs))
        tolerance = [_round_up(MARGIN * noise) for noise in measure_noise(self.reference, inputs, expected)]
        wrong = {}
        for name, mistake in self.mistakes.items() if with_mistakes else ():
            answer = attempt(mistake, inputs)
            if not same(answer, expected):
                wrong[name] = answer
        self.inputs.setdefault(label, inputs)
        self.questions.append(Question(label, inputs, expected, tolerance, wrong))
        return len(self.questions) - 1


def attempt(function: Callable, inputs: Inputs) -> Any:
    """The answer of a function that may be wrong; None where it raises, which no answer of a student equals."""
    try:
        return _plain(ask(function, inputs))
    except Exception:
        return None


def _compile_check(check: Check, book: _Questions, unit: str, name: str, seed: int) -> CheckKey:
    groups, facts = [], []
    for number, label in enumerate(book.exercise.cases):
        if check.on and label not in check.on:
            continue
        inputs, numbers = book.inputs[label], (seed, unit, name, label, check.claim)
        group = [number]
        for change in check.changes:
            group.append(book.add(label, change(inputs, Draw(_rng(*numbers))), with_mistakes=False))
        groups.append(group)
        facts.append(check.facts(inputs, Draw(_rng(*numbers))) if check.facts else None)
    return CheckKey(check.claim, check.points, check.kind, groups, facts, dict(check.options))


def _rng(seed: int, *names: str) -> np.random.Generator:
    """Random numbers of their own for each case, so that adding one changes no other."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def _plain(answer: Any) -> Any:
    """An answer as the wire would bring it back: NumPy scalars as 0-d arrays."""
    if isinstance(answer, np.generic):
        return np.asarray(answer)
    if isinstance(answer, list | tuple):
        return type(answer)(_plain(item) for item in answer)
    if isinstance(answer, dict):
        return {key: _plain(item) for key, item in answer.items()}
    return answer


def _nudged(tree: Any, rng: np.random.Generator) -> Any:
    """Every float moved by one unit in the last place up, down or not at all."""
    if isinstance(tree, float):
        return tree
    return _map_floats(tree, lambda array: array * (1 + np.finfo(float).eps * rng.integers(-1, 2, array.shape)))


def _extended(tree: Any) -> Any:
    return _map_floats(tree, lambda array: array.astype(np.longdouble))


def _map_floats(tree: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    if isinstance(tree, np.ndarray):
        return change(tree) if tree.dtype.kind == "f" else tree
    if isinstance(tree, dict):
        return {key: _map_floats(item, change) for key, item in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_map_floats(item, change) for item in tree)
    return tree


def _is_inexact(leaf: Any) -> bool:
    return np.asarray(leaf).dtype.kind in "fc"


def _scale(leaf: Any) -> float:
    """The largest finite entry; 1 where there is none but zeros, so that a zero may be a rounding error."""
    finite = np.abs(np.asarray(leaf)[np.isfinite(leaf)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _spread(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape or a.dtype.kind not in "fc":
        return 0.0
    with np.errstate(all="ignore"):
        distance = np.abs(a - b)[np.isfinite(a) & np.isfinite(b)]
    return float(distance.max()) if distance.size else 0.0


def _round_up(x: float) -> float:
    """One significant digit, upwards: a tolerance is the same on a machine whose last bits differ."""
    if x == 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(x))
    return float(f"{math.ceil(x / unit - 1e-9) * unit:.1g}")
