"""The lines of a case make exactly its inputs, ask the student's function as the grader does, and can be pasted."""

import code
import contextlib
import importlib.util
import io
import sys

import numpy as np
import pytest
from conftest import ROOT, public_key, weekly

from grader.course.course import Course
from grader.judging.compare import difference
from grader.judging.kinds.registry import is_run, kind_of
from grader.key import ExerciseKey
from grader.report import CheckReport, ExerciseReport, Finding, Status
from grader.sandbox.inside import modules
from grader.sandbox.wire import Seeded, same
from grader.snippets import failing, first_failing, labels, snippet
from grader.snippets.literals import literal

COURSE = Course(ROOT)


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        float("nan"),
        -float("inf"),
        True,
        None,
        "a\nb",
        (1,),
        {"a": [1.5, (2, "x")], 3: np.arange(3)},
        np.array(2.5),
        np.array([0.1, np.nan, -np.inf, -0.0, 1e-320]),
        np.float32([0.1, 16777217.0, 1e-45, 3.4e38]),
        np.zeros((0, 3)),
        np.full((40, 50), -0.0),
        np.array([[True, False], [True, True]]),
        np.arange(5, dtype=np.uint8),
        np.arange(600.0).reshape(4, 150) / 7,
        np.array([0.0, -0.0]),
    ],
    ids=repr,
)
def test_a_value_is_written_so_that_python_reads_it_back_bit_for_bit(value):
    import base64

    again = eval(literal(value), {"np": np, "base64": base64})
    assert same(again, value)
    if isinstance(value, np.ndarray):
        assert again.tobytes() == value.tobytes()


def test_a_generator_is_written_by_its_seed():
    assert literal(Seeded(7)) == "np.random.default_rng(7)"


def pasted(text: str) -> tuple[dict, str]:
    """(the names, what is shown) after the lines were typed one by one into a plain Python session."""
    shown, session = io.StringIO(), {}
    console = code.InteractiveConsole(session)
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        for line in text.split("\n"):
            console.push(line)
    return session, shown.getvalue()


@pytest.fixture
def reference(monkeypatch):
    """Put a unit's reference where a student's file is imported from."""

    def put(unit: str) -> None:
        spec = importlib.util.spec_from_file_location(unit, ROOT / "solutions" / unit / f"{unit}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, unit, module)
        spec.loader.exec_module(module)

    return put


def shows_what_is_right(exercise: ExerciseKey, label: str, unit: str) -> bool:
    session, shown = pasted(snippet(exercise, label, unit))
    check, group = next(
        (each, group)
        for each in exercise.checks
        for group in each.groups
        if exercise.questions[group[0]].label == label
    )
    if error := kind_of(check).error(kind_of(check).options(**check.options)) if check.kind == "raises" else "":
        return error in shown and "must raise" in snippet(exercise, label, unit)
    question = exercise.questions[group[0]]
    got = session.get("got", session.get("first"))
    got = modules.arrays(got) if exercise.torch else got
    if not kind_of(check).has_one_answer or exercise.signs_of(question):
        return got is not None
    return difference(got, question.expected, question.tolerance) is None


CHEAP = ("linear_algebra", "vector_calculus", "backprop", "optimization")


@pytest.mark.parametrize("unit", [unit if unit in CHEAP else weekly(unit) for unit in COURSE.units])
def test_every_case_of_every_exercise_can_be_pasted_and_gives_what_is_expected(unit, reference):
    reference(unit)
    asked = [
        (exercise.name, label, shows_what_is_right(exercise, label, unit))
        for exercise in public_key(unit).exercises
        if not is_run(exercise)
        for label in labels(exercise)
    ]
    assert len(asked) > 20
    assert [(name, label) for name, label, is_right in asked if not is_right] == []


@pytest.mark.parametrize(("unit", "name"), [("attention", "causal_mask"), ("backprop", "Value")])
def test_nothing_of_the_graders_is_needed_to_run_the_lines(unit, name):
    exercise = public_key(unit).exercise(name)
    for label in labels(exercise):
        text = snippet(exercise, label, unit, "assignments/it.py")
        assert "grader" not in text
        assert f"from {unit} import {name}" in text
        assert "# to be run in the folder assignments" in text


def test_a_training_run_says_what_to_do_instead():
    exercise = public_key("backprop").exercise("spirals")
    text = snippet(exercise, labels(exercise)[0], "backprop")
    assert "trains with what you wrote" in text
    assert "grade backprop.spirals" in text
    assert all(line.startswith("#") for line in text.splitlines())


def test_a_changed_input_is_looked_at_before_and_after(toy_key):
    exercise = toy_key.exercise("row_sums")
    claim = exercise.checks[0].claim
    told = CheckReport(claim, Status.FAILED, 0, 2, Finding("mutated", "your function changes its input x"))
    assert 'print("x is as it was:"' in snippet(exercise, "three rows", "toy", told=told)
    assert "as it was" not in snippet(exercise, "three rows", "toy")


def test_a_property_asks_twice_and_the_second_time_writes_only_what_is_new(toy_key):
    exercise = toy_key.exercise("scale")
    told = CheckReport("one entry moves one entry", Status.FAILED, 0, 1)
    text = snippet(exercise, "the default factor", "toy", told=told)
    assert text.count("= scale(x)") == 2
    assert text.count("\nx = ") == 2
    assert "first = " in text
    assert "second = " in text


def test_each_case_that_fails_has_the_first_claim_that_says_so(toy_key):
    exercise = toy_key.exercise("scale")
    first, second = labels(exercise)[:2]
    said = [f"it is wrong (case: {first})", "it raises", f"it is wrong (case: {second})", f"worse (case: {first})"]
    checks = tuple(
        CheckReport(f"claim {at}", Status.FAILED, 0, 1, Finding("value", each)) for at, each in enumerate(said)
    )
    report = ExerciseReport("toy.scale", Status.FAILED, 0, 4, 0.0, checks)
    assert failing(exercise, report) == {first: checks[0], second: checks[2]}
    assert first_failing(exercise, report) == (first, checks[0])


def test_a_label_that_is_none_is_refused(toy_key):
    with pytest.raises(ValueError, match="no case"):
        snippet(toy_key.exercise("scale"), "another", "toy")
