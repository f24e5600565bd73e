"""The course's NumPy exercises answered in JAX and in TensorFlow: right answers earn every point at every isolation level,
mistakes lose what they lose in NumPy and are named alike.

Both are the reference, translated, with what cannot be translated written by hand in the folders beside this file. Of Keras
and MLX, which have few of NumPy's names, there is one answer for each unit, by hand.
"""

import ast
import functools
import importlib.util

import pytest
import translated
from conftest import ROOT, by_name, first_finding, weekly
from nothing_left import KEPT
from translated import JAX, KERAS, MLX, TENSORFLOW, Library

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
# With raw gradients in place of signs, many steps enlarge the last digit twenty times beyond the tolerance: whether such an answer
# is named is a matter of the arithmetic.
UNSTEADY = {("pgd", "no_sign")}


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
        edits = [each for each in edits if not {name, each.wrong.of} & own and (name, each.name) not in UNSTEADY]
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


# Of each unit's answer in a library: a slip, the mistake that it is in NumPy, and a ready-made way in place of the last line.
BY_HAND = {
    ("keras", "neural_networks"): ("-ops.mean(", "-ops.sum(", "sum", "ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))"),
    ("keras", "backprop"): ("return p * (dout", "return (dout", "no_outer_factor", "tf.GradientTape().gradient(ops.softmax(x), x, dout)"),
    ("keras", "optimization"): (" + eps)", ") + eps", "eps_outside_the_root", "ops.layer_normalization(x, gamma, beta, axis=-1, epsilon=eps)"),
    ("keras", "attention"): (" / q.shape[-1] ** 0.5", "", "unscaled", "ops.dot_product_attention(q[None], k[None], v[None])[0]"),
    ("mlx", "neural_networks"): ("-mx.mean(", "-mx.sum(", "sum", "mx.mean(nn.losses.cross_entropy(logits, labels))"),
    ("mlx", "backprop"): ("return p * (dout", "return (dout", "no_outer_factor", "mx.vjp(mx.softmax, [mx.array(x)], [dout])[1][0]"),
    ("mlx", "optimization"): ("(x - mean)", "x", "not_centred", "mx.fast.layer_norm(x, mx.array(gamma), mx.array(beta), eps)"),
    ("mlx", "attention"): (" / q.shape[-1] ** 0.5", "", "unscaled", "mx.fast.scaled_dot_product_attention(q, k, v, scale=1 / q.shape[-1] ** 0.5)"),
}  # fmt: skip
NEEDS = {"keras": "import tensorflow as tf\n", "mlx": "from mlx import nn\n"}  # for what is ready-made
by_hand = pytest.mark.parametrize(("library", "unit"), [(library, unit) for library in (KERAS, MLX) for unit in UNITS], ids=lambda value: getattr(value, "name", value))  # fmt: skip


def graded_by_hand(unit: str, library: Library, text: str, sandbox):
    skip_without(library)
    key, (name,) = key_of(unit, library.name), translated.names(translated.by_hand(unit, library))
    return by_name(grade(Submission(f"{unit}.py", text.encode()), key, sandbox, [name]))[name]


def written(unit: str, library: Library) -> str:
    return (translated.BESIDE / f"in_{library.name}" / f"{unit}.py").read_text(encoding="utf-8")


@pytest.mark.weekly
@pytest.mark.parametrize("level", LEVELS)
@by_hand
def test_an_answer_by_hand_earns_every_point_at_every_level(unit, library, level):
    try:
        with open_sandbox(strongest=level, least=level) as sandbox:
            got = graded_by_hand(unit, library, written(unit, library), sandbox)
    except SandboxError as error:
        pytest.skip(str(error))
    assert got.status == "passed", first_finding(got)


@pytest.mark.weekly
@by_hand
def test_a_slip_by_hand_is_called_as_in_numpy(unit, library, patient):
    old, new, mistake, _ = BY_HAND[library.name, unit]
    text = written(unit, library)
    assert text.count(old) == 1
    got = graded_by_hand(unit, library, text.replace(old, new), patient)
    assert got.points < got.max_points
    assert {check.finding.mistake for check in got.checks if check.finding} - {""} == {mistake}


@pytest.mark.weekly
@by_hand
def test_what_a_library_has_ready_made_is_forbidden(unit, library, patient):
    before, _, _ = written(unit, library).rpartition("    return ")
    text = f"{NEEDS[library.name]}{before}    return {BY_HAND[library.name, unit][3]}\n"
    got = graded_by_hand(unit, library, text, patient)
    assert (got.status, got.points) == ("forbidden", 0)


@pytest.mark.weekly
@pytest.mark.parametrize("tf", ["tensorflow", "keras.src.backend.tensorflow.core.tf", "vars(keras.src.backend.tensorflow.core)['t' + 'f']"])  # fmt: skip
def test_what_keras_is_built_on_takes_no_derivative(tf, patient):
    text = (
        f"import keras, tensorflow\n\ndef softmax_backward(dout, x):\n    tf, x = {tf}, tensorflow.Variable(x)\n"
        "    with getattr(tf, 'Gradient' + 'Tape')() as tape:\n        y = tf.reduce_sum(tf.nn.softmax(x) * dout)\n"
        "    return tape.gradient(y, x)\n"
    )
    got = graded_by_hand("backprop", KERAS, text, patient)
    assert (got.status, got.points) == ("forbidden", 0)
