"""The course's NumPy exercises answered in JAX and in TensorFlow: right answers earn every point at every isolation level,
mistakes lose what they lose in NumPy and are named alike.

Both are the reference, translated, with what cannot be translated written by hand in the folders beside this file.
"""

import ast
import functools
import importlib.util

import pytest
import translated
from conftest import ROOT, by_name, first_finding, weekly
from nothing_left import KEPT
from translated import JAX, TENSORFLOW, Library

from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.edited_text import mutate
from grader.course.unit import Unit
from grader.exercise import Edit
from grader.grading import grade
from grader.key import Key
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import SandboxError
from grader.sandbox.walls.levels import LEVELS
from grader.submission import Submission

UNITS = ("neural_networks", "backprop", "optimization", "attention")
LIBRARIES = (JAX, TENSORFLOW)
FEW = ["relu_backward", "softmax_backward"]  # written by hand in JAX, compiled as a whole: a second
MISTAKES = 10  # of each unit


def unit_of(name: str, *packages: str) -> Unit:
    return Unit(name, ROOT / "solutions" / name, packages=(*Course(ROOT).solutions(name).allows, *packages))


@functools.cache
def key_of(unit: str, *packages: str) -> Key:
    return compile_key(unit_of(unit, *packages), 0)


def asked_in_numpy(key: Key) -> list[str]:
    return [exercise.name for exercise in key.exercises if not exercise.torch and not exercise.seconds]


def skip_without(library: Library) -> None:
    if not importlib.util.find_spec(library.name):
        framework = FRAMEWORKS[library.name]
        pytest.skip(f"{framework.called} is not installed: the extra `{framework.extra}`")


def answered(unit: str, library: Library, sandbox, only: list[str]) -> dict:
    skip_without(library)
    text = translated.translated(unit_of(unit).whole_text, library, translated.by_hand(unit, library))
    return by_name(grade(Submission(f"{unit}.py", text.encode()), key_of(unit, library.name), sandbox, only))


@pytest.fixture(scope="module")
def patient():
    """A sandbox with the time that students have: JAX compiles, and the suite's own is in a hurry."""
    with open_sandbox() as sandbox:
        KEPT.append(sandbox)
        yield sandbox


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("unit", "library"),
    [(None, JAX), *(weekly(unit, library) for library in LIBRARIES for unit in UNITS)],
    ids=lambda value: getattr(value, "name", value or "a few"),
)
def test_right_answers_earn_every_point_at_every_level(unit, library, level):
    only = FEW if unit is None else asked_in_numpy(key_of(unit, library.name))
    try:
        with open_sandbox(strongest=level, least=level) as sandbox:
            got = answered(unit or "backprop", library, sandbox, only)
    except SandboxError as error:
        pytest.skip(str(error))
    assert {name: first_finding(exercise) for name, exercise in got.items() if exercise.status != "passed"} == {}
    assert list(got) == only


def mistaken(unit: str, library: Library) -> list[tuple[str, str, str]]:
    """(exercise, mistake, the reference with the mistake made) of mistakes that can be made in what is translated."""
    whole, own = unit_of(unit), translated.names(translated.by_hand(unit, library))
    found = []
    for name in asked_in_numpy(key_of(unit, library.name)):
        edits = [each for each in whole.exercises[name].mistakes if isinstance(each.wrong, Edit)]
        edits = [each for each in edits if not {name, each.wrong.of} & own]
        found += [
            (turn, name, each.name, mutate(whole.whole_text, name, each.wrong)) for turn, each in enumerate(edits)
        ]
    first = sorted(found, key=lambda item: item[0])  # one of each exercise, before a second of any
    return [item[1:] for item in first[:MISTAKES]]


@pytest.mark.parametrize(
    ("unit", "library", "most"),
    [("backprop", JAX, 2), *(weekly(unit, library, MISTAKES) for library in LIBRARIES for unit in UNITS)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_mistake_is_the_same_mistake_in_a_framework(unit, library, most, patient):
    skip_without(library)
    key, instead = key_of(unit, library.name), translated.by_hand(unit, library)
    told = {}
    for name, mistake, text in mistaken(unit, library)[:most]:
        foreign = translated.translated(text, library, instead)
        both = [
            by_name(grade(Submission("a.py", each.encode()), key, patient, [name]))[name] for each in (text, foreign)
        ]
        told[name, mistake] = [
            (each.points, [check.finding and check.finding.mistake for check in each.checks]) for each in both
        ]
    assert len(told) == most
    assert {what: pair for what, pair in told.items() if pair[0] != pair[1]} == {}
    assert all(points < key.exercise(name).points for (name, _), ((points, _), _) in told.items())


def test_what_is_translated_says_no_numpy_but_to_take_the_inputs():
    text = translated.translated(unit_of("backprop").whole_text, JAX, translated.by_hand("backprop", JAX))
    imported = [ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.Import)]
    assert "import numpy as np" not in imported
    assert "import jax.numpy as np" in imported
