"""The questions of one exercise as they are collected: the reference and every mistake are asked, and what is allowed is measured."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from grader.compiling.allowed import forbidden, frameworks
from grader.compiling.calls import answer_or_error, ask, plain
from grader.compiling.in_process import asked_once, asking
from grader.compiling.noise import STATED_MARGIN, margin, measure_noise, round_up, scale, single_tolerances
from grader.course.author_code import authored
from grader.course.unit import Unit, UnitError
from grader.exercise import Inputs
from grader.judging.compare import turned
from grader.judging.kinds.kind import Kind
from grader.judging.traces import Raised
from grader.key import Question
from grader.nest import numeric_leaves
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.inside.call import driven
from grader.sandbox.inside.way import Way
from grader.sandbox.wire import Opaque, same


class Questions:
    """The questions of one exercise as they are collected."""

    def __init__(self, unit: Unit, name: str):
        self.unit, self.folder, self.name, self.exercise = unit.name, unit.folder, name, unit.exercises[name]
        self.signs, self.parameters, self.driver = unit.signs(name), unit.source(name).parameters, unit.driver(name)
        self.pieces, self.forbids = unit.pieces(name), forbidden(unit, name)
        self.mistakes = {
            mistake: asked_once(asking(pieces, lambda question: self.way(question.driver), self.forbids))
            for mistake, pieces in unit.mistakes(name).items()
        }
        self.has_single = any(FRAMEWORKS[each].is_single for each in frameworks(unit, name))
        self.questions: list[Question] = []
        self.inputs: dict[str, Inputs] = {}
        self.numbers: dict[str, int] = {}  # of the first question of each case

    def way(self, driver: str) -> Way:
        """How a question is put: through a check's own driver, or as the exercise is asked."""
        return Way(self.parameters, driver or self.driver, self.exercise.torch)

    def asked(self, driver: str) -> Callable:
        """The reference as a question is put to it."""
        return driven(self.pieces, self.way(driver))

    def add(self, label: str, inputs: Inputs, with_mistakes: bool = True, driver: str = "") -> int:
        """Ask the reference and every mistake; returns the question's number."""
        inputs = dict(inputs)  # a question of its own, though a change may give the case's inputs back as they are
        reference, signs = self.asked(driver), () if driver else self.signs
        with authored(f"{self.name}: the reference raises in case {label!r}: ", self.folder):
            expected = plain(ask(reference, inputs))
        if expected is None:
            raise UnitError(
                f"{self.folder}: {self.name}: the reference returns nothing in case {label!r}: is a `return` missing?"
            )
        noise = measure_noise(reference, inputs, expected, signs)
        wrong = {}
        for name, ask_mistake in self.mistakes.items() if with_mistakes else ():
            got = ask_mistake(Question(label, inputs, expected, [], {}, driver)).value
            answer = None if isinstance(got, Raised) else turned(got, expected, signs)
            if not same(answer, expected):
                wrong[name] = answer
        single = single_tolerances(reference, inputs, expected, signs) if self.has_single else []
        return self._keep(Question(label, inputs, expected, self._tolerances(expected, noise), wrong, driver, single))

    def add_run(self, label: str, inputs: Inputs) -> int:
        """A training run's question: the truth of its held-back inputs is all that is kept of an answer."""
        if "truth" not in inputs:
            raise UnitError(f"{self.name}: case {label!r} of a training run has no `truth` to hold predictions against")
        truth = plain(inputs["truth"])
        given = {name: value for name, value in inputs.items() if name != "truth"}
        return self._keep(Question(label, given, truth, [0.0] * len(list(numeric_leaves(truth))), {}))

    def add_raising(self, label: str, inputs: Inputs, error: str, driver: str = "") -> int:
        """A question whose right answer is an exception."""
        answer = answer_or_error(self.asked(driver), inputs)
        if not isinstance(answer, Raised) or error not in answer.names:
            got = f"raises {answer.names[-1]}" if isinstance(answer, Raised) else "answers"
            raise UnitError(f"{self.name}: a check says that it raises {error} in case {label!r}, the reference {got}")
        return self._keep(Question(label, inputs, Opaque(error), [], {}, driver))

    def trace(self, kind: Kind, group: list[int], returns: list[str], facts: Any, options: Any) -> None:
        """Put what a diagnosis compares in the place of one right answer: each mistake's trace.

        Of random numbers nothing is kept but their form: a key is not to grow by samples that nobody compares.
        """
        for number in group[len(group) if kind.exact is None else kind.exact :]:
            question = self.questions[number]
            self.questions[number] = replace(question, expected=_form(question.expected), mistakes={})
        questions = [self.questions[number] for number in group]
        for name, ask_mistake in self.mistakes.items():
            answers = [ask_mistake(question).value for question in questions]
            if kind.decide(answers, questions, returns, facts, options):
                questions[-1].mistakes[name] = kind.trace(answers, facts, options)
        if kind.spread:
            self.questions[group[-1]] = replace(questions[-1], tolerance=kind.spread(questions[-1].expected))

    def _tolerances(self, expected: Any, noise: list[float]) -> list[float]:
        stated = self.exercise.tolerance
        if stated is None:
            return [round_up(margin(leaf) * n) for n, (_, leaf) in zip(noise, numeric_leaves(expected), strict=True)]
        sizes = [max(1.0, scale(leaf)) for _, leaf in numeric_leaves(expected)]
        return [round_up(max(stated * s, STATED_MARGIN * n)) if n else 0.0 for s, n in zip(sizes, noise, strict=True)]

    def _keep(self, question: Question) -> int:
        self.inputs.setdefault(question.label, question.inputs)
        self.numbers.setdefault(question.label, len(self.questions))
        self.questions.append(question)
        return len(self.questions) - 1


def _form(tree: Any) -> Any:
    """Zeros in the form of an answer."""
    if isinstance(tree, list | tuple):
        return type(tree)(map(_form, tree))
    return np.zeros_like(tree) if isinstance(tree, np.ndarray) else type(tree)()
