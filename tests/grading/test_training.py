"""Modules and training runs: tensors in, arrays judged; what a worker reports moves a picture and no verdict."""

import contextlib
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import TOY, by_name, first_finding

from grader.authoring.answers import lazy_pieces
from grader.authoring.proof import prove
from grader.authoring.runs import prove_run
from grader.compiling.compile import compile_key
from grader.compiling.in_process import in_process
from grader.course.course import Course
from grader.course.unit import Unit
from grader.grading import devices, grade, submission_report
from grader.grading.training import FALLS, GROWS, NAN, SLOW, STALLED, STILL, Training, reading, told
from grader.judging.kinds.reaches import Options
from grader.judging.metrics import accuracy, energy_distance, mean_iou, relative_rmse, squared_energy_distance
from grader.render import curves
from grader.report import CheckReport, ExerciseReport, Finding, Status, Step, from_json, to_json
from grader.sandbox.inside.modules import Stalled, names
from grader.sandbox.server import TRAINING, Sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

pytest.importorskip("torch")

UNIT = Unit("nets", TOY / "solutions" / "nets")
RIGHT = UNIT.text
NAMES = ["Affine", "squared_loss", "fits"]


@pytest.fixture(scope="module")
def key():
    return compile_key(UNIT, 3)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=5)) as sandbox:
        sandbox.sibling(TRAINING)
        yield sandbox


@pytest.fixture
def ask(key, sandbox):
    def run(source, only=(), **training):
        assert source != RIGHT or not training.pop("changed", False)
        return by_name(grade(Submission("nets.py", source.encode()), key, sandbox, only, training=Training(**training)))

    return run


@pytest.mark.parametrize("name", NAMES)
def test_the_toy_holds_its_rules(name):
    assert prove(UNIT, name, range(3)).failures == []


def test_the_reference_earns_every_point(ask):
    report = ask(RIGHT)
    assert {name: exercise.status for name, exercise in report.items()} == dict.fromkeys(NAMES, "passed")


def test_a_stub_is_cut_from_a_module_and_earns_nothing(ask):
    from grader.course.reference_text import stub_module

    stub = stub_module(RIGHT, UNIT.written)
    assert "nn.Linear(D, M)\n\n" not in stub
    assert "def forward(self, x):" in stub
    report = ask(stub)
    assert sum(exercise.points for exercise in report.values()) == 0
    assert [report[name].status for name in NAMES] == ["missing", "missing", "skipped"]


def test_parameters_that_do_not_fit_are_listed(ask):
    exercise = ask(RIGHT.replace("self.layer = nn.Linear(D, M)", "self.linear = nn.Linear(D, M, bias=False)"))["Affine"]
    finding = first_finding(exercise)
    assert finding.kind == "exception"
    assert (
        "layer.weight (2, 3) is missing; layer.bias (2,) is missing; linear.weight (2, 3) is one too many"
        in finding.message
    )
    assert "handout's table" in finding.hint


def test_parameters_of_another_shape_are_told_with_both(ask):
    exercise = ask(RIGHT.replace("nn.Linear(D, M)", "nn.Linear(D, M + 1)"))["Affine"]
    assert "layer.weight has shape (3, 3), expected (2, 3)" in first_finding(exercise).message


def test_a_mistake_in_a_module_is_named(ask):
    exercise = ask(RIGHT.replace("return self.layer(x)", "return -self.layer(x)"))["Affine"]
    assert first_finding(exercise).mistake == "minus"


def test_a_loss_that_no_gradient_flows_through_earns_nothing(ask):
    exercise = ask(RIGHT.replace("** 2)", "** 2).detach()"), ["squared_loss"])["squared_loss"]
    assert exercise.points == 0
    assert "does not require grad" in first_finding(exercise).message


def test_double_precision_is_not_what_is_asked(ask):
    exercise = ask(RIGHT.replace("** 2)", "** 2).double()"), ["squared_loss"])["squared_loss"]
    assert (first_finding(exercise).kind, exercise.points) == ("dtype", 0)


def test_an_input_changed_in_place_is_found_behind_its_tensor(ask):
    changed = RIGHT.replace("return self.layer(x)", "y = self.layer(x)\n        x.data.zero_()\n        return y")
    assert first_finding(ask(changed, ["Affine"])["Affine"]).kind == "mutated"


def test_a_run_waits_for_its_pieces(ask):
    exercise = ask(RIGHT.replace("return self.layer(x)", "return -self.layer(x)"))["fits"]
    assert (exercise.status, exercise.points) == ("skipped", 0)
    assert first_finding(exercise).message == "it waits for Affine, which is not right yet"
    assert ask(RIGHT.replace("return self.layer(x)", "return -self.layer(x)"), ["fits"])["fits"].status == "passed"


def test_a_run_that_is_left_out_is_pending_and_no_loss(key, sandbox):
    report = grade(Submission("nets.py", RIGHT.encode()), key, sandbox, training=Training(is_on=False))
    assert by_name(report)["fits"].status == "pending"
    assert (report.points, report.pending_points, report.is_perfect) == (4, 3, True)
    assert from_json(to_json(report)).exercises[2].status == "pending"


def test_without_pytorch_its_exercises_are_pending(key, sandbox, monkeypatch):
    monkeypatch.setattr(submission_report, "is_installed", lambda package: package != "torch")
    report = grade(Submission("nets.py", RIGHT.encode()), key, sandbox)
    assert {exercise.status for exercise in report.exercises} == {"pending"}
    assert report.is_perfect
    assert "PyTorch, which is not installed" in first_finding(report.exercises[0]).message


def test_the_steps_of_a_run_are_told_as_they_come(key, sandbox):
    heard = []
    training = Training(watch=lambda name, step: heard.append((name, step)))
    report = grade(Submission("nets.py", RIGHT.encode()), key, sandbox, ["fits"], training=training)
    (exercise,) = report.exercises
    assert exercise.curve[-1].step == 100
    assert exercise.curve[-1].loss < exercise.curve[0].loss
    assert [step for _, step in heard] == list(exercise.curve)
    assert "curve" not in to_json(report)["exercises"][0]


def test_a_loss_that_is_no_number_ends_the_run_with_a_reason(ask):
    exercise = ask(RIGHT.replace("** 2)", "** 2) * float('nan')"), ["fits"])["fits"]
    finding = first_finding(exercise)
    assert exercise.points == 0
    assert finding.message.startswith("the loss is nan in step 1 of 100")
    assert finding.hint == NAN


def test_a_loss_that_does_not_fall_ends_the_run_after_a_third_of_its_steps(ask):
    exercise = ask(RIGHT.replace("torch.mean((prediction - target) ** 2)", "0 * prediction.sum() + 3"), ["fits"])[
        "fits"
    ]
    finding = first_finding(exercise)
    assert (exercise.points, finding.kind) == (0, "value")
    assert finding.hint in (STALLED, STILL)  # a quick machine tells too few steps for a curve to be read
    assert finding.message.startswith(
        "the loss has not fallen after a third of the steps: 3 at the start, 3 around step 34 of 100"
    )
    assert exercise.curve[-1].step <= 34


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([1.0] * 30, 10),
        ([1.0 + 0.1 * i for i in range(30)], 10),
        ([-1.0 + 0.1 * i for i in range(30)], 10),
        ([0.0] * 30, 10),
        ([1.0 - 0.001 * i for i in range(30)], 10),
        ([1.0 - 0.01 * i for i in range(30)], 30),
        ([-1.0 - 0.01 * i for i in range(30)], 30),
        ([1.0, *[0.5] * 8, *[9.0] * 21], 30),  # a spike where it is looked at is no trend
        ([1.0, *[0.5] * 12, *[9.0] * 17], 30),  # later on it is let be: perhaps it comes back
    ],
)
def test_only_a_run_without_progress_is_ended(losses, ends):
    told = []
    report = names(False, "cpu", lambda step, total, loss: told.append(step))["report"]
    with contextlib.suppress(Stalled):
        for step, loss in enumerate(losses, 1):
            report(step, len(losses), loss)
    assert told[-1] == ends


def test_a_loss_that_need_not_fall_ends_nothing():
    told = []
    report = names(False, "cpu", lambda step, total, loss: told.append(step))["report"]
    for step in range(1, 31):
        report(step, 30, 1.0, falls=False)
    assert told == list(range(1, 31))


def test_a_run_whose_length_nobody_knows_is_not_ended():
    told = []
    report = names(False, "cpu", lambda step, total, loss: told.append(step))["report"]
    for step in range(1, 31):
        report(step, 0, 1.0)
    assert told == list(range(1, 31))


CHEATS = {
    "constant predictions": ("return self.layer(x)", "return 0 * self.layer(x) + 1"),
    "a loss that is always 0": ("return torch.mean((prediction - target) ** 2)", "return 0 * prediction.sum()"),
    "reports of its own over the channel": (
        "return self.layer(x)",
        "import os\n        os.write(3, b'GRD1' + b'\\0' * 12)\n        return self.layer(x)",
    ),
}


@pytest.mark.parametrize(("old", "new"), CHEATS.values(), ids=CHEATS)
def test_what_is_reported_earns_nothing(ask, old, new):
    assert ask(RIGHT.replace(old, new), ["fits"])["fits"].points == 0


def test_held_back_answers_are_nowhere_in_a_run_s_inputs(key):
    (question,) = key.exercise("fits").questions
    assert "truth" not in question.inputs
    held = {np.asarray(value).tobytes() for value in question.inputs.values()}
    assert np.asarray(question.expected).tobytes() not in held


def test_a_device_that_fails_falls_back_to_the_cpu_and_says_so(sandbox):
    choice = devices.choose(sandbox, "cuda")
    if choice.device == "cuda":
        choice.sandbox.close()
        pytest.skip("this machine has CUDA")
    assert choice.device == "cpu"
    assert choice.line.startswith("Training on the CPU: cuda does not work (")


def test_a_device_whose_results_are_wrong_is_not_used(sandbox):
    assert "Cannot copy out of meta tensor" in devices.failure(sandbox.sibling(TRAINING), "meta")
    assert devices.failure(sandbox.sibling(TRAINING), "cpu") == ""


def test_a_machine_without_an_accelerator_is_not_searched(tmp_path, monkeypatch):
    assert devices.present(str(tmp_path)) == [] or devices.sys.platform == "darwin"
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    assert devices.present(str(tmp_path)) == ["cuda"]


def test_a_device_that_runs_out_of_memory_costs_no_points(key, sandbox):
    """A device that always fails in the middle: the driver raises what PyTorch raises, unless it is on the CPU."""
    lacking = "    if device != 'cpu':\n        raise torch.OutOfMemoryError('CUDA out of memory')\n"
    fits = key.exercise("fits")
    head, _, body = fits.driver.partition("    torch.manual_seed(seed)")
    changed = replace(fits, driver=f"{head}{lacking}    torch.manual_seed(seed){body}")
    changed_key = replace(key, exercises=[*key.exercises[:2], changed])
    report = grade(
        Submission("nets.py", RIGHT.encode()), changed_key, sandbox, ["fits"], training=Training(device="meta")
    )
    assert report.is_perfect


def test_a_bar_that_a_mistake_reaches_breaks_the_proof():
    loose = replace(
        UNIT.exercises["fits"],
        checks=[replace(UNIT.exercises["fits"].checks[0], options=Options("mean_squared_error", None, 1e9))],
    )
    unit = Unit("nets", UNIT.folder)
    unit.__dict__["exercises"] = UNIT.exercises | {"fits": loose}
    broken = []
    prove_run(unit, "fits", range(1), in_process, lambda rule, seed, text: bool(broken.append((rule, text))))
    assert any(rule == 3 and "reaches the bar" in text for rule, text in broken)


def test_the_reference_is_trained_with_every_seed_and_its_mistakes_with_every_tenth():
    scores = prove_run(UNIT, "fits", range(9, 12), in_process, lambda rule, seed, text: True)
    assert len(scores.right) == 3 + len(UNIT.rewritten("fits"))
    assert len(scores.wrong) == len(UNIT.mistakes("fits"))


def steps(*losses):
    return [Step(number, len(losses), loss) for number, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([1.0, 2.0, math.nan], NAN),
        ([1.0, math.inf], NAN),
        ([0.7] * 20, STILL),
        ([1 + 0.2 * i for i in range(20)], GROWS),
        ([1 - 0.001 * i for i in range(20)], SLOW),
        ([2.0 * 0.7**i for i in range(20)], FALLS),
        ([1.0, 0.5], ""),
        ([], ""),
    ],
)
def test_a_failed_run_is_read_from_its_curve(losses, says):
    assert reading(steps(*losses)) == says


def test_a_run_that_was_ended_is_told_more_by_its_curve():
    finding = Finding("value", "the loss has not fallen", STALLED)
    check = CheckReport("learns", Status.FAILED, 0, 3, finding)
    report = ExerciseReport("nets.fits", Status.FAILED, 0, 3, 0.1, (check,))
    assert told(report, steps(*[0.7] * 20)).checks[0].finding.hint == STILL
    assert told(report, steps(0.7, 0.7)).checks[0].finding.hint == STALLED


def test_a_sparkline_falls_as_the_loss_does():
    line = curves.sparkline(steps(*[2.0 * 0.9**i for i in range(100)]), 41)
    assert line.startswith("2 ")
    assert line.endswith(", 100 steps")
    heights = [curves.BARS.index(char) for char in line.split()[1]]
    assert (len(heights), len(line)) == (20, 41)
    assert heights == sorted(heights, reverse=True)
    assert len(curves.sparkline(steps(*range(100)), 200).split()[1]) == curves.MOST_BARS
    assert len(curves.sparkline(steps(*range(100)), 5).split()[1]) == curves.FEWEST_BARS
    assert curves.sparkline(steps(1.0, 0.5), is_ascii=True).isascii()
    assert curves.sparkline(steps(math.nan)) == ""


def test_a_curve_s_picture_is_inert_and_well_formed():
    from xml.etree import ElementTree

    picture = curves.svg(steps(3.0, 2.0, math.nan, 1.0), "<script>alert(1)</script>")
    root = ElementTree.fromstring(picture)
    assert [item.tag for item in root.iter() if item.tag.endswith("script")] == []
    assert len(root.find("{*}polyline").get("points").split()) == 3
    assert curves.svg([], "nothing") == ""


def test_metrics_agree_with_their_definitions():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    assert accuracy(a, b) == sum(x == y for x, y in zip(a, b, strict=True)) / 50
    truth = rng.normal(size=40)
    assert relative_rmse(np.full(40, truth.mean()), truth) == pytest.approx(1)
    assert relative_rmse(truth, truth) == 0
    assert mean_iou(np.array([[0, 0, 1, 1]]), np.array([[0, 1, 1, 1]])) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_energy_distance_tells_laws_apart():
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 1)), rng.normal(1, 1, size=(400, 1))
    assert energy_distance(x, y) == pytest.approx(scipy_stats.energy_distance(x[:, 0], y[:, 0]), rel=0.02)
    assert energy_distance(x, rng.normal(size=(400, 1))) < 0.15 < energy_distance(x, y)
    assert squared_energy_distance(x, y) == pytest.approx(scipy_stats.energy_distance(x[:, 0], y[:, 0]) ** 2)


def test_the_energy_distances_are_those_of_their_formulas_in_more_dimensions():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(130, 2)), rng.normal(0.2, 1, size=(207, 2))

    def mean(a, b, skip):
        table = [np.linalg.norm(p - q) for i, p in enumerate(a) for j, q in enumerate(b) if not (skip and i == j)]
        return sum(table) / len(table)

    for measure, skip, power in ((energy_distance, True, 2), (squared_energy_distance, False, 1)):
        assert measure(x, y) ** power == pytest.approx(2 * mean(x, y, False) - mean(x, x, skip) - mean(y, y, skip))
    assert squared_energy_distance(x, x) == pytest.approx(0, abs=1e-12)


def test_the_course_lists_what_a_run_is_made_of():
    assert Course(TOY).root == TOY
    assert UNIT.written == ["Affine", "squared_loss"]
    assert UNIT.stubs_of("fits") == []


def test_a_page_shows_the_curve_of_a_run(key, sandbox):
    from grader.render.html import fragment

    report = grade(Submission("nets.py", RIGHT.encode()), key, sandbox, ["fits"])
    assert "<polyline" in fragment(report, "Nets")
    assert "loss of nets.fits" in fragment(report, "Nets")


@pytest.mark.parametrize("source", ["import numpy as np\n", "stub"], ids=["nothing", "the stub"])
def test_what_is_not_written_needs_no_pytorch(source, key, monkeypatch):
    from grader.course.reference_text import stub_module

    text = stub_module(RIGHT, UNIT.written) if source == "stub" else source
    with Sandbox(Limits(seconds=5)) as fresh:
        report = by_name(grade(Submission("nets.py", text.encode()), key, fresh, ["Affine", "squared_loss"]))
        assert fresh._siblings == {}
    assert {exercise.status for exercise in report.values()} == {"missing"}


REBOUND = ["class Affine(nn.Module):", "Affine = Other", "from x import Affine", "globals()['Affine'] = 1"]


@pytest.mark.parametrize("line", REBOUND)
def test_a_stub_that_is_bound_again_below_counts_as_written(line):
    stub = UNIT.source("Affine").stub
    submission = Submission("nets.py", (stub + "\n\n" + line).encode())
    assert not submission.has_as_it_came("Affine", stub)
    assert Submission("nets.py", (stub + "\n\n# Affine is next\n").encode()).has_as_it_came("Affine", stub)


def test_a_module_by_another_name_is_found(ask):
    assert (
        ask(RIGHT.replace("class Affine", "class Mine") + "\n\nAffine = Mine\n", ["Affine"])["Affine"].status
        == "passed"
    )


def test_a_lazy_answer_has_not_changed_the_model_that_its_shapes_are_asked_of():
    def freeze(model):
        model["is_frozen"] = True

    unit = SimpleNamespace(pieces=lambda name: [freeze])
    exercise = SimpleNamespace(name="freeze", torch=True, parameters=["model"], checks=[])
    for how, (lazy,) in lazy_pieces(unit, exercise):
        model = {"is_frozen": False}
        with contextlib.suppress(NotImplementedError, TypeError):  # a lazy number in place of nothing is no tensor
            lazy(model)
        assert model == {"is_frozen": False}, how
