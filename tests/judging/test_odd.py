"""Every rule gets every form of answer: each check of each exercise of the course meets each odd answer.

None may raise, none may warn, and none earns a point that is not its own: a fault of the grader's costs a class its marks.
With `GRADE_ODD=all` it is every one; by itself the suite takes every tenth, of each exercise and each check others, so that
each odd answer meets a score of exercises.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, public_key
from odd import CHANGES, ODD, arrived, changed, near

from grader.grading.gradient_opinion import forward_of, with_opinion
from grader.grading.judge import Answer, decide, judge
from grader.judging.kinds import registry
from grader.judging.kinds.registry import NAMES, kind_of, named, options_of
from grader.key import CheckKey, ExerciseKey, Question
from grader.report import Finding, Status
from grader.sandbox import wire
from grader.text import tame

UNITS = sorted(folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir())
STRIDE = 1 if os.environ.get("GRADE_ODD") == "all" else 10
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("unit", UNITS)
def test_every_check_has_a_word_on_every_odd_answer(unit):
    """Alone, and where the other questions of its case are answered rightly."""
    for place, (exercise, check) in enumerate(_checks(unit)):
        questions = [exercise.questions[number] for number in check.groups[0]]
        for name, made in islice(_answers(exercise, check), place % STRIDE, None, STRIDE):
            where, answers = f"{unit}.{exercise.name}, {check.kind}, {name}", made()
            found = _decided(where, check, answers, questions, exercise)
            assert found is None or isinstance(found, Finding), where
            if name in ODD and name not in SOMETIMES_RIGHT and all(answer is ODD[name] for answer in answers):
                assert found, f"{where}: it earns points"


def _checks(unit: str) -> list[tuple[ExerciseKey, CheckKey]]:
    return [(exercise, check) for exercise in public_key(unit).exercises for check in exercise.checks]


def test_every_odd_answer_meets_a_score_of_checks():
    """However few the suite takes of each."""
    met = Counter(
        name
        for unit in UNITS
        for place, (exercise, check) in enumerate(_checks(unit))
        for name, _ in islice(_answers(exercise, check), place % STRIDE, None, STRIDE)
    )
    assert min(met[name] for name in ODD) >= 20


SOMETIMES_RIGHT = {"an exception", "a truth value", "a truth value of NumPy"}  # where they are what is asked for


def _decided(where: str, check: CheckKey, answers: list, questions: list, exercise: ExerciseKey) -> Finding | None:
    try:
        if trace := kind_of(check).trace:
            trace(answers, check.facts[0], options_of(check))
        return registry.decide(check, answers, questions, exercise.returns, check.facts[0])
    except Exception as error:
        raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error


def _answers(exercise: ExerciseKey, check: CheckKey) -> Iterator[tuple[str, Callable[[], list]]]:
    """What makes answers to a check's first case: all of them odd, then each of them alone."""
    right = [exercise.questions[number].expected for number in check.groups[0]]
    for name, odd in ODD.items():
        yield name, lambda odd=odd: [odd] * len(right)
    for place, expected in enumerate(right):
        known = {name: lambda odd=odd: odd for name, odd in ODD.items()}
        for name, make in (known | near(expected)).items():
            yield f"{name} at {place}", lambda make=make, place=place: [*right[:place], make(), *right[place + 1 :]]


@pytest.mark.parametrize("unit", UNITS)
def test_every_exercise_is_judged_and_diagnosed_whatever_it_answers(unit):
    for number, exercise in enumerate(public_key(unit).exercises):
        for name in [*ODD, *near(exercise.questions[0].expected)][number % STRIDE :: STRIDE]:
            where = f"{unit}.{exercise.name}: {name}"
            try:
                report = judge(exercise, lambda question, name=name: Answer(_odd(name, question.expected)), unit)
            except Exception as error:
                raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
            assert 0 <= report.points <= exercise.points
            assert name not in set(ODD) - SOMETIMES_RIGHT or report.points < exercise.points, where
            said = " ".join(f"{check.finding.message} {check.finding.hint}" for check in report.checks if check.finding)
            assert tame(said) == said, where
            assert len(said) < 10_000, where


def _odd(name: str, expected: Any) -> Any:
    return ODD[name] if name in ODD else near(expected).get(name, lambda: None)()


@pytest.mark.parametrize("unit", UNITS)
def test_a_second_opinion_on_a_wrong_gradient_takes_every_odd_part(unit):
    """The first part wrong in value, the others odd; the forward as odd as they are."""
    key = public_key(unit)
    for backward in key.exercises:
        forward = forward_of(backward, key)
        if not forward:
            continue
        for name in [*ODD, *CHANGES]:
            ask = partial(_with_odd_parts, name)
            forwards = Answer(_odd(name, forward.questions[0].expected))
            report = judge(backward, ask, unit, diagnoses=False)
            told = with_opinion(report, backward, forward, ask, lambda question, forwards=forwards: forwards)
            assert told.points == report.points, f"{unit}.{backward.name}: {name}"


def _with_odd_parts(name: str, question: Question) -> Answer:
    right = question.expected
    if not isinstance(right, list | tuple):
        return Answer(changed(right, lambda array: array + 1.0))
    odd = [ODD[name] if name in ODD else arrived(changed(part, CHANGES[name])) for part in right[1:]]
    return Answer(type(right)([changed(right[0], lambda array: array + 1.0), *odd]))


def test_the_odd_answers_leave_no_kind_of_check_out():
    """So that the product above is one: each rule is used by an exercise of the course, or its own tests have the odd answers."""
    own = ROOT / "tests" / "judging" / "kinds"
    used = {check.kind for unit in UNITS for _, check in _checks(unit)}
    assert used <= set(NAMES)
    assert [kind for kind in NAMES if kind not in used and "ODD" not in (own / f"test_{kind}.py").read_text()] == []


def _broken(*given: Any) -> None:
    raise ZeroDivisionError("of our own")


def test_a_diagnosis_that_fails_costs_the_hint_and_never_the_verdict(toy_key, monkeypatch):
    exercise = toy_key.exercise("mean_and_spread")
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return Answer(question.expected if question is exercise.questions[0] else [1.0, 2.0])

    whole = decide(exercise, ask, "toy")
    number = len(asked)
    monkeypatch.setattr("grader.grading.causes.diagnose", _broken)
    monkeypatch.setattr("grader.grading.causes.named_mistake", _broken)
    with pytest.raises(ZeroDivisionError):
        judge(exercise, ask, "toy")
    asked.clear()
    plain = decide(exercise, ask, "toy")
    assert len(asked) == number  # nothing is asked twice
    assert [(item.status, item.points) for item in plain.checks] == [
        (item.status, item.points) for item in whole.checks
    ]
    assert not any(item.finding.hint for item in plain.checks if item.finding)


def test_a_rule_that_fails_is_told_as_our_fault(toy_key, monkeypatch):
    monkeypatch.setattr(registry, "named", lambda name: replace(named(name), decide=_broken))
    with pytest.raises(ZeroDivisionError):
        decide(toy_key.exercise("scale"), lambda question: Answer(question.expected), "toy")


def test_what_asking_raises_is_raised_and_nothing_is_asked_again(toy_key):
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        decide(toy_key.exercise("scale"), ask, "toy")
    assert len(asked) == 1


@pytest.mark.parametrize("value", [1e305, -1e305, 1.7e308])
def test_a_slope_beyond_all_numbers_is_not_the_gradient_s(value):
    """Any difference is smaller than an infinite tolerance."""
    exercise = public_key("backprop").exercises
    exercise = next(item for item in exercise if any(check.kind == "slopes" for check in item.checks))
    check = next(check for check in exercise.checks if check.kind == "slopes")
    questions = [exercise.questions[number] for number in check.groups[0]]
    right = questions[0].expected
    answers = [right, [value, *right[1:]], [-value, *right[1:]]]
    answers = [right, type(right)(answers[1]), type(right)(answers[2])]
    assert registry.decide(check, answers, questions, exercise.returns, check.facts[0])


SHAPES = [
    (0, 1 << 28, 1 << 28, 1 << 28),
    (0, 1 << 62, 4),
    (1 << 28, 0, 1 << 10),
    (0, -1),
    (0, True),
    (0,) * 17,
    (1 << 64,),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_is_believed_that_numpy_could_not_hold_along_other_axes(shape):
    header = json.dumps({"a": ["<f8", [*shape]]}).encode()
    with pytest.raises(wire.WireError):
        wire.decode(wire.PREFIX.pack(wire.MAGIC, len(header), 0) + header)


def test_an_honest_empty_array_of_a_huge_shape_is_named_and_not_sent():
    value = arrived(np.empty((0, 1 << 20, 1 << 20)))
    assert isinstance(value, wire.Opaque)
    assert "too large" in value.name
    with pytest.raises(wire.WireError):
        wire.encode(np.empty((0, 1 << 20, 1 << 20)))


def test_a_truth_value_is_one_of_two_bytes():
    header = json.dumps({"a": ["|b1", [3]]}).encode()
    got = wire.decode(wire.PREFIX.pack(wire.MAGIC, len(header), 3) + header + b"\x00\x01\x7f")
    assert got.view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "code", ["np.mean([1.0, 2.0])", "np.float16(1)", "10**5000", "{1: {}}", "[[1.0], []]", "iter(())"]
)
def test_an_odd_answer_through_the_sandbox_is_the_student_s_own(code, mark):
    body = f"import numpy as np\ndef scale(x, factor=2.0):\n    return {code}\n"
    report = mark(body)
    assert not report.is_our_fault
    assert report.points == 0
    assert report.exercises[0].status in (Status.FAILED, Status.ERROR)


@pytest.mark.parametrize("shape", ["0, 268435456, 268435456, 268435456", "0, -1", "2, 2", "true", '"a"', "1e3"])
def test_a_forged_frame_through_the_sandbox_is_the_student_s_own(shape, mark):
    forged = (
        "import json, os, struct, time\ndef scale(x, factor=2.0):\n"
        f'    header = b\'{{"d":[["value",{{"a":["<f8",[{shape}]]}}],["changed",[]]]}}\'\n'
        '    os.write(3, struct.pack("<4sIQ", b"GRD1", len(header), 0) + header)\n    time.sleep(2)\n'
    )
    report = mark(forged)
    assert not report.is_our_fault
    assert report.points == 0
