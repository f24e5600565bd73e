"""Whatever a worker's process answers, in whatever form: one report, no points for nothing, no exception on our side.

The worker here is a script: it gives the replies that hypothesis makes up, as the student's code could by writing on
the channel itself. Its frames went through the wire, so they hold data; nothing else is known of them.
"""

import io
import json
import math
import os
import time
import unicodedata
import warnings
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from conftest import ROOT, TOY, by_name, public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.compiling.compile import compile_key
from grader.course.unit import Unit
from grader.grading import grade, replies
from grader.grading.judge import Answer, judge
from grader.grading.training import Training, reading
from grader.grading.training_runs import MAX_STEPS
from grader.key import Key, Question
from grader.nest import numeric_leaves
from grader.render import curves, formats, html, live, terminal
from grader.report import Report, Status, Step, from_json, to_json
from grader.sandbox import wire
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits
from grader.sandbox.worker import WorkerEnded
from grader.submission import Submission

NETS = Unit("nets", TOY / "solutions" / "nets")
HUGE = st.sampled_from([10**400, -(10**400), 10**4000, 2**63, -(2**63) - 1, 2**31])
FLOATS = st.floats() | st.sampled_from([1e308, -1e308, 5e-324, math.nan, math.inf, -0.0])
ARRAYS = hnp.arrays(
    st.sampled_from(["?", "i1", "u8", "f2", "f4", "f8", "c8", "c16"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
WORDS = st.sampled_from(
    [
        "step",
        "total",
        "loss",
        "error",
        "value",
        "changed",
        "at",
        "line",
        "names",
        "problems",
        "type",
        "bases",
        "message",
    ]
    + [
        "frames",
        "in_driver",
        "is_said",
        "x",
        "row_sums",
        "fits",
        "function",
        "Diverged",
        "WrongParameters",
        "OutOfMemoryError",
    ]
    + ["NameError", "MemoryError", "ForbiddenImport", "ForbiddenOperation", "SystemExit", "TypeError", "\ud800\x1b[2J"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | HUGE
    | FLOATS
    | st.text(max_size=8)
    | WORDS
    | ARRAYS
    | st.builds(wire.Seeded, st.integers(0, 2**70))
    | st.builds(wire.Opaque, st.text(max_size=8))
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(WORDS | st.integers() | st.tuples(st.integers()), inner, max_size=5)
    ),
    max_leaves=10,
)
ANY = TREES | WORDS | HUGE


def form(**parts) -> st.SearchStrategy[dict]:
    """A reply that nearly has its form: each part is what it should be, or anything, or is missing."""
    return st.fixed_dictionaries({}, optional={name: part | ANY for name, part in parts.items()})


ERROR = form(
    type=WORDS,
    bases=st.lists(WORDS, max_size=3),
    message=st.text(max_size=30),
    frames=st.lists(st.tuples(st.integers(-3, 99) | HUGE, WORDS).map(list), max_size=9),
    in_driver=st.booleans(),
    is_said=st.booleans(),
)
CALLS = form(value=ANY, changed=st.lists(WORDS, max_size=3)) | form(error=ERROR)
STEPS = form(step=st.integers() | HUGE, total=st.integers() | HUGE, loss=FLOATS)
PROBLEM = form(line=st.integers(-3, 99) | HUGE, names=st.lists(WORDS, max_size=3), error=ERROR)
RUNS = form(problems=st.lists(PROBLEM, max_size=3), names=st.dictionaries(WORDS, WORDS, max_size=4))
NOTES = form(at=st.integers() | HUGE, line=st.integers() | HUGE)
REPLIES = TREES | CALLS | STEPS | RUNS | NOTES
AROUND = formats.Surroundings({}, datetime(2026, 11, 25, tzinfo=UTC), "f00d")
OUTLINE = {"problems": [], "definitions": {}, "lines": [], "cells": []}


class Scripted:
    """A sandbox whose every worker gives the same replies after an honest outline, and then is silent."""

    level, packages = "namespaces", ("numpy", "torch")
    now, patience = staticmethod(time.monotonic), Sandbox.patience

    def __init__(self, replies: list, limits: Limits | None = None):
        self.replies, self.limits, self.left = replies, limits or Limits(seconds=1), iter(())

    def sibling(self, packages) -> "Scripted":
        return self

    def worker(self) -> "Scripted":
        self.left = iter([OUTLINE, *(wire.decode(wire.encode(reply)) for reply in self.replies)])
        return self

    def send(self, *messages) -> None:
        pass

    send_frames = send

    def receive(self, seconds, max_header=0):
        for reply in self.left:
            return reply
        raise WorkerEnded("timeout", "no answer")

    def printed(self) -> str:
        return ""

    def close(self) -> None:
        pass


def shown(report: Report) -> str:
    """The report through the renderers that show everything; none may raise, and nothing may be obeyed."""
    console = io.StringIO()
    terminal.render(report, "Toy", terminal.make_console(console))
    text = console.getvalue() + html.fragment(report, "Toy") + formats.write("markdown", [("Toy", report)], AROUND)
    assert from_json(json.loads(json.dumps(to_json(report)))).points == report.points
    assert {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n"}
    return text


fuzz = settings(
    max_examples=5 * int(os.environ.get("GRADE_FUZZ", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def nets() -> Key:
    pytest.importorskip("torch")
    return compile_key(NETS, 3)


@fuzz
@given(st.lists(REPLIES, max_size=8))
def test_no_sequence_of_replies_raises_or_is_our_fault(toy_key, replies):
    ready = {"problems": [], "names": dict.fromkeys(["scale", "row_sums", "mean_and_spread"], "function")}
    for script in (replies, [ready, *replies]):
        report = grade(Submission("toy.py", b"x = 1\n"), toy_key, Scripted(script))
        assert [exercise.id for exercise in report.exercises] == ["toy.scale", "toy.row_sums", "toy.mean_and_spread"]
        assert not report.is_our_fault, shown(report)
        assert report.points == 0
        assert len(json.dumps(to_json(report))) < 20_000
        shown(report)


@fuzz
@given(st.lists(STEPS | CALLS, max_size=12))
def test_no_progress_of_a_training_run_raises_or_is_our_fault(nets, replies):
    ready = {"problems": [], "names": dict.fromkeys(["Affine", "squared_loss"], "function")}
    lines: list[str] = []
    note = live.lives()
    watch = Training(watch=lambda name, step: lines.append(live.line(note(name, step), 80)))
    report = grade(Submission("nets.py", b""), nets, Scripted([ready, *replies]), ["fits"], training=watch)
    assert not report.is_our_fault, shown(report)
    assert report.points == 0
    shown(report)


def test_progress_without_end_is_ended(nets):
    """In number: more than a run has. In time: the deadline counts, however fast the frames come."""
    ready = {"problems": [], "names": dict.fromkeys(["Affine", "squared_loss"], "function")}
    steps = [{"step": 1, "total": 2, "loss": 0.5}] * (MAX_STEPS + 1)
    (fits,) = grade(Submission("nets.py", b""), nets, Scripted([ready, *steps]), ["fits"]).exercises
    assert (fits.status, fits.points) == (Status.CRASH, 0)
    assert "more steps than a training run has" in fits.checks[0].finding.message


@pytest.mark.parametrize(
    ("step", "total", "loss"),
    [(10**400, 1, 0.5), (1, 10**4000, 0.5), (-1, 5, 0.5), (1, 5, 7), (True, 5, 0.5), ("1", 5, 0.5)],
)
def test_numbers_that_nobody_can_divide_are_no_steps(nets, step, total, loss):
    """A forged step whose line cannot be drawn is the student's crash, not a fault of ours."""
    ready = {"problems": [], "names": dict.fromkeys(["Affine", "squared_loss"], "function")}
    note = live.lives()
    watch = Training(watch=lambda name, step: live.line(note(name, step), 80))
    script = Scripted([ready, {"step": step, "total": total, "loss": loss}])
    (fits,) = grade(Submission("nets.py", b""), nets, script, ["fits"], training=watch).exercises
    assert (fits.status, fits.points) == (Status.CRASH, 0)
    assert fits.checks[0].finding.message == "the worker's answer could not be read (ValueError)"


def test_losses_as_large_as_they_come_are_drawn(nets):
    """Their difference is no number any more."""
    ready = {"problems": [], "names": dict.fromkeys(["Affine", "squared_loss"], "function")}
    steps = [{"step": n, "total": 4, "loss": (-1.0) ** n * 1.7e308} for n in range(4)]
    report = grade(Submission("nets.py", b""), nets, Scripted([ready, *steps]), ["fits"])
    assert shown(report)


class Endless(Scripted):
    """One more frame is always ready to be read, for as long as there is any time to read it in."""

    def receive(self, seconds, max_header=0):
        if seconds <= 0:
            raise WorkerEnded("timeout", "no answer")
        assert time.monotonic() < self.end, "its time is up, and it is still being read"
        time.sleep(0.0001)
        return next(self.left, self.replies[-1])


@pytest.mark.parametrize("kind", ["steps of a run", "lines that are about to run"])
def test_no_time_is_given_beyond_the_deadline_for_what_is_ready_to_be_read(nets, kind):
    ready = {"problems": [], "names": dict.fromkeys(["Affine", "squared_loss"], "function")}
    script = [ready, {"step": 1, "total": 2, "loss": 0.5}] if kind == "steps of a run" else [{"at": 0, "line": 1}]
    short = replace(nets, exercises=[replace(item, seconds=0.0) for item in nets.exercises])
    worker = Endless(script, Limits(seconds=0.1))
    worker.end = time.monotonic() + 5
    report = grade(Submission("nets.py", b""), short, worker, ["fits"])
    assert report.exercises[0].status in (Status.TIMEOUT, Status.MISSING), shown(report)


@fuzz
@given(st.lists(st.builds(Step, st.integers(0, 10**9), st.integers(0, 10**9), FLOATS), max_size=60))
def test_every_curve_can_be_drawn_and_read(steps):
    assert reading(steps) is not None
    note = live.lives()
    for step in steps:
        run = note("fits", step)
        assert live.line(run, 80).isprintable()
        assert "nan" not in live.html(run).partition("<polyline")[2].partition("/>")[0]
    assert curves.sparkline(steps).isprintable()
    assert "nan" not in curves.svg(steps, "fits").partition("<polyline")[2].partition("/>")[0]


@fuzz
@given(REPLIES)
def test_a_reply_has_its_form_or_is_a_bad_one(reply):
    for check in (
        replies.step,
        replies.progress,
        replies.lacks_device,
        replies.checked_run,
        replies.checked_outline,
    ):
        try:
            found = check(reply)
        except replies.BadReply:
            continue
        if check is replies.step and found:
            assert 0 <= found.step <= replies.MOST_STEPS
            assert 0 <= found.total <= replies.MOST_STEPS
            assert type(found.loss) is float


# What the answer's values may be: anything at all. Each exercise of each key, each kind of rule.


UNITS = sorted(folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir())


def replaced(data: st.DataObject, tree, depth: int = 0):
    """A tree with one part, or all of it, exchanged for something else."""
    if depth > 3 or data.draw(st.integers(0, 3)) == 0 or not isinstance(tree, list | tuple | dict | np.ndarray):
        return data.draw(ANY)
    if isinstance(tree, np.ndarray):
        kind = data.draw(st.sampled_from(["?", "i8", "f4", "f8", "c16"]))
        with warnings.catch_warnings(action="ignore"):
            other = tree.astype(kind, copy=True)
        if other.size and other.dtype.kind in "fc" and data.draw(st.booleans()):
            with np.errstate(all="ignore"):
                other.flat[data.draw(st.integers(0, other.size - 1))] = data.draw(st.floats(width=32))
        return data.draw(st.sampled_from([other, other[..., None], other.ravel(), other[:0] if other.ndim else other]))
    if isinstance(tree, dict):
        key = data.draw(st.sampled_from(sorted(tree, key=repr))) if tree else "a"
        return tree | {key: replaced(data, tree.get(key), depth + 1)}
    if not tree:
        return data.draw(ANY)
    place = data.draw(st.integers(0, len(tree) - 1))
    return type(tree)([*tree[:place], replaced(data, tree[place], depth + 1), *tree[place + 1 :]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=int(os.environ.get("GRADE_FUZZ", "30")), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_answer_of_any_form_raises_in_any_rule(unit, data):
    key = public_key(unit)
    exercise = data.draw(st.sampled_from(key.exercises))
    is_same = data.draw(st.booleans())
    odd = data.draw(ANY)

    def ask(question: Question) -> Answer:
        expected = wire.decode(wire.encode(question.expected, opaque=True))
        return Answer(odd if is_same else replaced(data, expected))

    report = judge(exercise, ask, key.unit)
    assert 0 <= report.points <= exercise.points
    if is_same and not numeric_leaves(odd):
        assert report.points < exercise.points


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(0, 4), (0, 0), (0,)])
def test_a_sample_without_entries_is_told_by_its_shape(shape):
    exercise = public_key("neural_networks").exercise("xavier_uniform")
    report = judge(exercise, lambda question: Answer(np.empty(shape)), "neural_networks")
    assert report.points == 0
    assert report.checks[0].finding.kind == "shape"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("odd", [0j, 10**400, True, np.array(1j), math.nan])
def test_a_list_of_odd_numbers_is_no_list_of_norms(odd):
    exercise = public_key("neural_networks").exercise("vanishing_gradient")
    report = judge(exercise, lambda question: Answer([odd] * question.inputs["depth"]), "neural_networks")
    assert report.points == 0


def test_the_scripted_worker_earns_every_point_with_right_answers(toy_key):
    """So that the zeros above are not the script's fault."""
    names = ["scale", "row_sums", "mean_and_spread"]
    asked: list = []
    for exercise in toy_key.exercises:
        first = len(asked)
        judge(exercise, lambda question: asked.append(question) or Answer(question.expected), "toy", diagnoses=False)
        asked.append(asked[first])  # which is asked once more at the end
    replies = [{"value": question.expected, "changed": []} for question in asked]
    ready = {"problems": [], "names": dict.fromkeys(names, "function")}
    report = grade(Submission("toy.py", b""), toy_key, Scripted([ready, *replies]))
    assert report.is_perfect, shown(report)
    assert by_name(replace(report))["row_sums"].points == 3
