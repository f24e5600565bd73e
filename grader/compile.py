"""Compile a unit's solutions, with a seed, into a key. The only module that runs references and mistakes for grading."""

import math
import warnings
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np

from grader.compare import Signs, leaves, turned
from grader.exercise import Check, Draw, Inputs
from grader.key import CheckKey, ExerciseKey, Key, MistakeKey, Question, make
from grader.rules import RULES, TRACES, Raised
from grader.samples import noise as noise_of_sample
from grader.sandbox.call import driven
from grader.sandbox.wire import Opaque, materialise, same
from grader.unit import Unit, UnitError

# A tolerance is MARGIN times the noise of the reference itself, so that another order of summation, another BLAS or
# an equivalent formula stays inside by two or three orders of magnitude. `grade dev check` prints what is left on
# the other side, up to the nearest mistake.
MARGIN = 1000
STATED_MARGIN = 10  # what a tolerance that an author states keeps from the noise, should a case be noisier than thought
FLOOR = 8 * np.finfo(np.float64).eps  # noise of a handful of roundings, relative to the largest entry
PERTURBATIONS = 6


def compile_key(unit: Unit, seed: int, only: Collection[str] = ()) -> Key:
    """The unit's key for a seed. Raises whatever a reference raises: a reference must answer every case."""
    names = [name for name in unit.exercises if not only or name in only]
    return make(unit.name, unit.title, list(unit.allows), [compile_exercise(unit, name, seed) for name in names])


def compile_exercise(unit: Unit, name: str, seed: int) -> ExerciseKey:
    np.random.seed(0)  # a mistake may draw from NumPy's own generator; the key must come out the same all the same
    exercise, source = unit.exercises[name], unit.source(name)
    book = _Questions(unit, name)
    raising = {
        label: check.options["error"] for check in exercise.checks if check.kind == "raises" for label in check.on
    }
    for label, case in exercise.cases.items():
        inputs = case(Draw(_rng(seed, unit.name, name, label)))
        if label in raising:
            book.add_raising(label, inputs, raising[label])
        else:
            book.add(label, inputs)
    checks = [_compile_check(check, book, seed) for check in exercise.checks]
    return ExerciseKey(
        name=name,
        points=exercise.points,
        parameters=source.parameters,
        shapes=source.shapes,
        returns=unit.returns(name),
        summary=source.summary,
        stub=source.stub,
        handout=unit.handout(name),
        hints=list(exercise.hints),
        questions=book.questions,
        checks=checks,
        mistakes=[MistakeKey(mistake.name, mistake.sentence) for mistake in exercise.mistakes],
        driver=unit.driver(name),
        signs=unit.signs(name),
        forbids=list(exercise.forbids),
    )


def ask(function: Callable, inputs: Inputs) -> Any:
    """Call with the inputs' own copies, warnings off; keyword arguments, so a default may be left out."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(**materialise(inputs))


def measure_noise(function: Callable, inputs: Inputs, expected: Any, signs: Signs = ()) -> list[float]:
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
            answer = turned(_plain(ask(function, other)), expected, signs)
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

    def __init__(self, unit: Unit, name: str):
        def asked(function: Callable) -> Callable:
            return driven(function, unit.source(name).parameters, unit.driver(name))

        self.unit, self.name, self.exercise = unit.name, name, unit.exercises[name]
        self.returns, self.signs = unit.returns(name), unit.signs(name)
        self.reference = asked(unit.function(name))
        self.mistakes = {mistake: asked(wrong) for mistake, wrong in unit.mistakes(name).items()}
        self.questions: list[Question] = []
        self.inputs: dict[str, Inputs] = {}

    def add(self, label: str, inputs: Inputs, with_mistakes: bool = True) -> int:
        """Ask the reference and every mistake; returns the question's number."""
        expected = _plain(ask(self.reference, inputs))
        noise = measure_noise(self.reference, inputs, expected, self.signs)
        wrong = {}
        for name, mistake in self.mistakes.items() if with_mistakes else ():
            answer = turned(attempt(mistake, inputs), expected, self.signs)
            if not same(answer, expected):
                wrong[name] = answer
        return self._keep(Question(label, inputs, expected, self._tolerances(expected, noise), wrong))

    def add_raising(self, label: str, inputs: Inputs, error: str) -> int:
        """A question whose right answer is an exception."""
        answer = answer_or_error(self.reference, inputs)
        if not isinstance(answer, Raised) or error not in answer.names:
            got = f"raises {answer.names[-1]}" if isinstance(answer, Raised) else "answers"
            raise UnitError(f"{self.name}: a check says that it raises {error} in case {label!r}, the reference {got}")
        return self._keep(Question(label, inputs, Opaque(error), [], {}))

    def trace(self, kind: str, group: list[int], facts: Any, options: dict) -> None:
        """Put what a diagnosis compares in the place of one right answer: each mistake's trace.

        Of random numbers nothing is kept but their form: a key is not to grow by samples that nobody compares.
        """
        for number in {"distributed": group, "seeded": group[1:]}.get(kind, ()):
            question = self.questions[number]
            self.questions[number] = replace(question, expected=_form(question.expected), mistakes={})
        questions = [self.questions[number] for number in group]
        for name, mistake in self.mistakes.items():
            answers = [answer_or_error(mistake, question.inputs) for question in questions]
            if RULES[kind](answers, questions, self.returns, facts, options):
                questions[-1].mistakes[name] = TRACES[kind](answers, facts, options)
        if kind == "distributed":
            (question,) = questions
            self.questions[group[-1]] = replace(question, tolerance=[noise_of_sample(np.size(question.expected))])

    def _tolerances(self, expected: Any, noise: list[float]) -> list[float]:
        stated = self.exercise.tolerance
        if stated is None:
            return [_round_up(MARGIN * n) for n in noise]
        sizes = [max(1.0, _scale(leaf)) for _, leaf in leaves(expected)]
        return [_round_up(max(stated * s, STATED_MARGIN * n)) if n else 0.0 for s, n in zip(sizes, noise, strict=True)]

    def _keep(self, question: Question) -> int:
        self.inputs.setdefault(question.label, question.inputs)
        self.questions.append(question)
        return len(self.questions) - 1


def attempt(function: Callable, inputs: Inputs) -> Any:
    """The answer of a function that may be wrong; None where it raises, which no answer of a student equals."""
    answer = answer_or_error(function, inputs)
    return None if isinstance(answer, Raised) else answer


def answer_or_error(function: Callable, inputs: Inputs) -> Any:
    """The answer of a function, or what stands for its exception."""
    try:
        return _plain(ask(function, inputs))
    except Exception as error:
        return Raised(tuple(kind.__name__ for kind in reversed(type(error).__mro__)))


def _compile_check(check: Check, book: _Questions, seed: int) -> CheckKey:
    groups, facts, labels = [], [], list(book.exercise.cases)
    for label in book.exercise.cases_of(check):
        inputs, numbers = book.inputs[label], (seed, book.unit, book.name, label, check.claim)
        group = [labels.index(label)]
        for change in check.changes:
            group.append(book.add(label, change(inputs, Draw(_rng(*numbers))), with_mistakes=False))
        groups.append(group)
        facts.append(check.facts(inputs, Draw(_rng(*numbers))) if check.facts else None)
        if check.kind in TRACES:
            book.trace(check.kind, group, facts[-1], dict(check.options))
    return CheckKey(check.claim, check.points, check.kind, groups, facts, dict(check.options))


def _form(tree: Any) -> Any:
    """Zeros in the form of an answer."""
    if isinstance(tree, list | tuple):
        return type(tree)(map(_form, tree))
    return np.zeros_like(tree) if isinstance(tree, np.ndarray) else type(tree)()


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
