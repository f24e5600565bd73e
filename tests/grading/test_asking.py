"""Questions that travel ahead of answers: a report is what it is where each is sent when the last is answered, whatever happens."""

from dataclasses import replace

import pytest
from conftest import by_name

from grader.grading import asking, exercise_report, grade
from grader.grading.asking import in_order
from grader.grading.loaded import Loaded
from grader.grading.training import ON_CPU
from grader.grading.training_runs import TrainingRuns
from grader.report import Status
from grader.sandbox.opening import open_sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

# What is done at the default factor, at one row, and at a factor of 3, which are asked in this order: the first claim looks at
# the first two, the second at the third; the last claim asks twice at the default factor.
ACTIONS = {
    "right": "pass",
    "wrong": "return 3.5 * x",
    "shape": "return x[0]",
    "raises": "raise ValueError('no')",
    "ends": "os._exit(3)",
    "hangs": "time.sleep(60)",
    "slow": "time.sleep(0.4)",
    "floods": "print('x' * (80 << 20))",
    "changes": "x *= 2",
}
FILE = """import os, time
import numpy as np

def scale(x, factor=2.0):
    if len(x) == 1:
        {1}
    elif factor == 3:
        {2}
    else:
        {0}
    return x * factor

def row_sums(x):
    return np.sum(x, axis=1)
"""
SCRIPTS = [
    ("right", "right", "right"),
    ("wrong", "right", "right"),
    ("raises", "right", "right"),
    ("raises", "ends", "right"),
    ("raises", "hangs", "right"),
    ("raises", "slow", "right"),
    ("raises", "floods", "raises"),
    ("raises", "ends", "ends"),
    ("wrong", "ends", "right"),
    ("shape", "raises", "hangs"),
    ("right", "ends", "right"),
    ("right", "right", "ends"),
    ("right", "wrong", "ends"),
    ("right", "raises", "slow"),
    ("changes", "wrong", "ends"),
    ("slow", "slow", "right"),
]


@pytest.fixture(scope="module")
def brief():
    with open_sandbox(Limits(seconds=1)) as sandbox:
        yield sandbox


def graded(script, key, sandbox) -> list:
    file = FILE.format(*(ACTIONS[name] for name in script))
    report = grade(Submission("toy.py", file.encode()), key, sandbox)
    return [replace(item, seconds=0) for item in report.exercises]


@pytest.mark.parametrize("script", SCRIPTS, ids=" ".join)
def test_a_report_does_not_tell_whether_questions_were_sent_ahead(script, toy_key, brief, monkeypatch):
    ahead = graded(script, toy_key, brief)
    monkeypatch.setattr(exercise_report, "in_order", lambda exercise: [])
    one_by_one = graded(script, toy_key, brief)
    assert ahead == one_by_one
    assert ahead[1].status is Status.PASSED  # the next exercise, whatever became of the worker
    assert ahead[0].status is not Status.PASSED or set(script) <= {"right", "slow"}


def test_all_questions_of_an_exercise_are_under_way_before_the_first_is_answered(toy_key, sandbox, monkeypatch):
    sent = []
    send = asking.Asking._send

    def noted(self, questions, frames):
        sent.append([question.label for question in questions])
        send(self, questions, frames)

    monkeypatch.setattr(asking.Asking, "_send", noted)
    assert {item.status for item in graded(("right",) * 3, toy_key, sandbox)[:2]} == {Status.PASSED}
    assert sent[:2] == [
        [question.label for question in in_order(toy_key.exercise(name))] for name in ("scale", "row_sums")
    ]


def test_what_is_printed_beside_answers_is_all_told(toy_key, sandbox):
    file = FILE.format("print('first'); raise ValueError", "print('second')", "print('third')")
    report = grade(Submission("toy.py", file.encode()), toy_key, sandbox)
    assert report.exercises[0].printed.startswith("first\nsecond\nthird\nfirst\n")  # and then what the probes ask


def test_large_inputs_and_large_answers_cross_and_neither_side_waits(toy_key, sandbox):
    """More than the channel holds, both ways: all questions are sent before an answer is read."""
    exercise = toy_key.exercise("row_sums")
    large = [
        replace(question, inputs={"x": question.inputs["x"].repeat(20_000, axis=0)}) for question in exercise.questions
    ]
    wide = replace(exercise, questions=large)
    key = replace(toy_key, exercises=[wide])
    file = "import numpy as np\n\ndef row_sums(x):\n    return np.hstack([x, x])\n"
    (item,) = grade(Submission("toy.py", file.encode()), key, sandbox).exercises
    assert item.status is Status.FAILED
    assert item.checks[0].finding.kind == "shape"


def test_the_last_word_of_an_exercise_is_the_answer_to_all_that_is_asked_after_it(toy_key, sandbox):
    """The probes ask on, and what they ask must not fall over a worker that is gone."""
    file = FILE.format("os._exit(3)", "pass", "pass")
    loaded = Loaded(Submission("toy.py", file.encode()), toy_key, sandbox)
    assert loaded.load()
    exercise = toy_key.exercise("scale")
    ask = asking.Asking(exercise, loaded, TrainingRuns(ON_CPU))
    default, alone, _ = in_order(exercise)[:3]
    last = ask(default)
    assert last.is_final
    ask.expect([alone])
    assert ask(alone) is last
    assert ask.finish() == ""


def test_what_earns_no_points_ends_after_some_seconds_and_takes_no_time_from_other_exercises(toy_key):
    """A slow function that is wrong is asked some forty times with other arguments; what comes after it has its time."""
    slow = "time.sleep(0.15); return np.tanh(x) * factor"
    file = FILE.format(slow, slow, slow)
    exercise = toy_key.exercise("scale")
    with open_sandbox(Limits(submission_seconds=2.0)) as sandbox:
        loaded = Loaded(Submission("toy.py", file.encode()), toy_key, sandbox)
        assert loaded.load()
        before = loaded.time.seconds
        ask = asking.Asking(exercise, loaded, TrainingRuns(ON_CPU))
        answers = [ask.more(replace(exercise.questions[0])) for _ in range(40)]
        assert answers[0].value is not None
        assert answers[-1].is_final
        assert ask.spent < asking.MORE + 0.5
        assert loaded.time.seconds > before - 0.5
        again = grade(Submission("toy.py", file.encode()), toy_key, sandbox)
    assert by_name(again)["scale"].points < 4
    assert by_name(again)["row_sums"].status is Status.PASSED
