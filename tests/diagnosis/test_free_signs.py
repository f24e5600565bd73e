"""A mistake is named whatever another machine's arithmetic makes of it: which sign, where it is free, and which last digits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from grader.diagnosis.diagnose import named_mistake
from grader.diagnosis.evidence import Evidence, weighed
from grader.judging.compare import difference
from grader.key import CheckKey, ExerciseKey, MistakeKey, Question, load

SIGNED = [
    exercise
    for path in sorted((ROOT / "assignments").glob("*/key"))
    for exercise in load(path).exercises
    if exercise.signs and not exercise.torch
]


def flipped(answer: Any, signs: list[list[int | None]]) -> Any:
    """The answer with every other slice of its signed parts negated, the first among them."""
    for part, axis in signs:
        array = np.asarray(answer if part is None else answer[part])
        sign = np.resize([-1.0, 1.0], array.shape[axis]) if axis is not None else -1.0
        new = array * (np.expand_dims(sign, [i for i in range(array.ndim) if i != axis]) if axis is not None else sign)
        answer = new if part is None else type(answer)([*answer[:part], new, *answer[part + 1 :]])
    return answer


def evidence(exercise: ExerciseKey, mistake: str, is_flipped: bool) -> Iterator[Evidence]:
    for question in exercise.questions:
        if question.driver:
            continue
        answer = question.mistakes.get(mistake, question.expected)
        if answer is None:
            continue
        given = flipped(answer, exercise.signs) if is_flipped and mistake in question.mistakes else answer
        yield Evidence(question, given, not difference(given, question.expected, question.tolerance), given)


@pytest.mark.parametrize("exercise", SIGNED, ids=lambda exercise: exercise.name)
def test_a_mistake_is_named_whichever_signs_its_answer_has(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert names
    for name in names:
        plain, turned = ([*weighed([list(evidence(exercise, name, each))])[0]] for each in (False, True))
        before = named_mistake(exercise, plain, is_partly_right=True)
        if before and _fits_in_form(exercise, name):
            after = named_mistake(exercise, turned, is_partly_right=True)
            assert (after and after.mistake) == before.mistake, name


def _fits_in_form(exercise: ExerciseKey, name: str) -> bool:
    """Whether a mistake's answers have the right form, in which alone it is known whose sign is whose."""
    theirs = [
        (question.mistakes[name], question.expected) for question in exercise.questions if name in question.mistakes
    ]
    return all(
        mine is not None and [np.shape(part) for part in _parts(mine)] == [np.shape(part) for part in _parts(right)]
        for mine, right in theirs
    )


def _parts(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, list | tuple) else [answer]


def test_a_mistake_is_named_though_another_machine_rounds_its_large_answer_otherwise():
    rng = np.random.default_rng(0)
    questions = [
        Question(f"case {n}", {}, right, [1e-12 * float(np.abs(right).max())], {"huge": 1e16 * (1 + right)})
        for n, right in enumerate(rng.standard_normal((3, 4)))
    ]
    check = CheckKey("is right", 1, "agrees", [[0], [1], [2]], [None] * 3, {})
    mistake = MistakeKey("huge", "You forget to subtract the mean.")
    exercise = ExerciseKey("f", 1, ["x"], {}, ["y"], "", "", "", [], questions, [check], [mistake])
    for step, is_named in ((2e-16, True), (1e-9, False)):
        answers = [question.mistakes["huge"] * (1 + step) for question in questions]
        items = [Evidence(question, given, False, given) for question, given in zip(questions, answers, strict=True)]
        assert bool(named_mistake(exercise, weighed([items])[0])) is is_named
