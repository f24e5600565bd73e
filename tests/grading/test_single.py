"""Where a framework works in float32, its answers are judged at float32's own noise: right ones keep every point, wrong ones none."""

import pytest
from conftest import ROOT, by_name, first_finding

from grader.compiling.compile import compile_key
from grader.course.unit import Unit
from grader.grading import grade
from grader.submission import Submission

UNIT = Unit("neural_networks", ROOT / "solutions/neural_networks", packages=("numpy", "torch"))
RIGHT = """import torch


def softmax(x, axis=-1):
    x = torch.tensor(x, dtype=torch.float32)
    z = torch.exp(x - x.amax(axis, True))
    return z / z.sum(axis, True)
"""


@pytest.fixture(scope="module")
def key():
    return compile_key(UNIT, 0, ["softmax"])


def softmax(text, key, sandbox):
    return by_name(grade(Submission("neural_networks.py", text.encode()), key, sandbox))["softmax"]


def test_a_right_answer_in_float32_keeps_every_point(key, sandbox):
    got = softmax(RIGHT, key, sandbox)
    assert got.status == "passed", first_finding(got)


def test_a_wrong_answer_in_float32_is_told_by_its_mistake(key, sandbox):
    wrong = softmax(RIGHT.replace("sum(axis, True)", "sum()"), key, sandbox)
    assert wrong.points < wrong.max_points
    assert first_finding(wrong).mistake


def test_half_precision_is_none_of_it(key, sandbox):
    got = softmax(RIGHT.replace("z / z.sum(axis, True)", "(z / z.sum(axis, True)).half().float()"), key, sandbox)
    assert got.points < got.max_points


def test_who_writes_numpy_alone_answers_in_float64(key, sandbox):
    text = "import numpy as np\n\n\ndef softmax(x, axis=-1):\n    z = np.exp(x - x.max(axis, keepdims=True))\n    return (z / z.sum(axis, keepdims=True)).astype(np.float32)\n"
    assert first_finding(softmax(text, key, sandbox)).message.startswith("p is float32, expected float64")


def test_a_key_without_such_a_framework_says_nothing_of_float32():
    key = compile_key(Unit("neural_networks", UNIT.folder), 0, ["softmax"])
    assert not any(question.single for question in key.exercises[0].questions)
