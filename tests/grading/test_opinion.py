"""A wrong gradient is told whether it is at least the slope of the student's own forward; its points stay as they are."""

from pathlib import Path

import pytest
from conftest import ROOT, by_name

from grader.course.course import Course
from grader.grading import grade
from grader.grading.gradient_opinion import forward_of
from grader.grading.what_if import SIGN
from grader.key import Key, load
from grader.submission import Submission

RIGHT = (ROOT / "solutions" / "sequences" / "sequences.py").read_text(encoding="utf-8")
FORWARD = "return np.tanh(x @ Wx + h @ Wh + b)"
BACKWARD = "return da @ Wx.T, da @ Wh.T, x.T @ da, h.T @ da, da.sum(axis=0)\n\n\ndef rnn("
NAMES = ["rnn_step", "rnn_step_backward"]


@pytest.fixture(scope="module")
def key() -> Key:
    return load(ROOT / "assignments" / "sequences" / "key", only=NAMES)


@pytest.fixture
def graded(key, sandbox):
    def run(*edits: tuple[str, str], only: list[str] = NAMES) -> tuple[int, str]:
        """Points of the backward, and its first hint."""
        text = RIGHT
        for old, new in edits:
            assert text.count(old) == 1
            text = text.replace(old, new)
        keys = Key(key.unit, key.title, key.allows, [e for e in key.exercises if e.name in only], key.id)
        report = by_name(grade(Submission("sequences.py", text.encode()), keys, sandbox))["rnn_step_backward"]
        hints = [check.finding.hint for check in report.checks if check.finding]
        return report.points, hints[0] if hints else ""

    return run


MINUS = (FORWARD, FORWARD.replace("+ b", "- b"))
SCALED = (BACKWARD, BACKWARD.replace("da.sum(axis=0)", "1.7 * da.mean(axis=0)"))


def test_the_gradient_of_a_wrong_forward_is_called_that(graded):
    text = "dx and dh are the slope of your own rnn_step, which is wrong itself: fix rnn_step first."
    assert graded(MINUS)[1] == f"With -b in place of b, your answer is right: {SIGN} {text}"


def test_a_gradient_that_is_no_slope_is_called_that(graded):
    assert graded(SCALED)[1].endswith("db is not the slope of your own rnn_step either.")


def test_points_are_those_without_an_opinion(graded):
    for edits in ([], [MINUS], [SCALED], [MINUS, SCALED]):
        assert graded(*edits)[0] == graded(*edits, only=["rnn_step_backward"])[0]


def test_a_right_gradient_needs_no_opinion(graded):
    assert graded() == (6, "")


@pytest.mark.parametrize(
    "body",
    [
        "raise NotImplementedError",
        "return None",
        "return np.zeros(3)",
        "return [x, h]",
        "return np.full((len(x), h.shape[1]), np.nan)",
        "import os; os._exit(3)",
        "while True: pass",
    ],
)
@pytest.mark.usefixtures("hurried")
def test_a_forward_that_has_no_slope_costs_nothing_and_is_not_spoken_of(graded, body):
    own = "h_next = np.tanh(x @ Wx + h @ Wh + b)\n    da = dh_next"
    edits = [
        (FORWARD, body),
        ("h_next = rnn_step(x, h, Wx, Wh, b)\n    da = dh_next", own),
        (BACKWARD, BACKWARD.replace("da.sum(axis=0)", "np.sin(da.sum(axis=0))")),
    ]
    points, hint = graded(*edits)
    assert "slope" not in hint
    assert points == graded(*edits, only=["rnn_step_backward"])[0] > 0


def test_a_forward_is_found_by_its_parameters():
    found = {}
    for unit in ("convolutions", "optimization", "sequences", "attention", "backprop"):
        whole = load(Path(Course(ROOT).root) / "assignments" / unit / "key")
        for exercise in whole.exercises:
            if forward := forward_of(exercise, whole):
                found[exercise.name] = forward.name
    assert found == {
        "conv2d_backward": "conv2d",
        "max_pool2d_backward": "max_pool2d",
        "layernorm_backward": "layernorm",
        "embedding_backward": "embedding",
        "rnn_step_backward": "rnn_step",
        "rnn_backward": "rnn",
        "lstm_cell_backward": "lstm_cell",
        "attention_backward": "scaled_dot_product_attention",
    }
