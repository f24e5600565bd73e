"""The mutator changes one thing at a time, and what the checks do not notice is told."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, TOY

from grader.authoring import mutation, survivors
from grader.authoring.mutants import Mutant, mutants, reached
from grader.authoring.mutation import EQUIVALENT, KILLED, SURVIVED, Trial
from grader.authoring.slips import OPERATORS
from grader.authoring.trials import tried
from grader.course.course import Course
from grader.course.edited_text import mutate
from grader.course.reference_text import run_text
from grader.course.unit import Unit
from grader.errors import GraderError
from grader.exercise import Mistake, edit

SEEDS = range(2)
RECORD = ROOT / "tests" / "mutation" / "survivors.toml"
HEAD = "import numpy as np\n\n\n"


def made(body: str, kind: str, signature: str = "f(x, y)") -> set[str]:
    """What an operator makes of a function's body, each as the statement that changed."""
    return {mutant.after for mutant in mutants(f"{HEAD}def {signature}:\n    {body}\n", "f") if mutant.kind == kind}


CHANGES = {
    "arithmetic": ("return -x + y", {"return -x - y", "return x + y"}),
    "comparison": ("return x < y", {"return x <= y", "return x > y"}),
    "term": ("return x - y", {"return x", "return y"}),
    "wrapper": ("return np.exp(x.sum()) @ y.T", {"return x.sum() @ y.T", "return np.exp(x) @ y.T", "return np.exp(x.sum()) @ y"}),
    "axis": ("return x.sum(axis=(0, 1))", {"return x.sum(axis=(1,))", "return x.sum(axis=(0,))"}),
    "keyword": ("return x.sum(axis=0, keepdims=True)", {"return x.sum(keepdims=True)", "return x.sum(axis=0)"}),
    "order": ("return g(x, 1), y / x", {"return (g(1, x), y / x)", "return (y / x, g(x, 1))", "return (g(x, 1), x / y)"}),
    "constant": ("return 3", {"return 4", "return 2", "return -3", "return 0", "return 1", "return 6"}),
    "off_by_one": (
        "return x[: len(y)]",
        {"return x[1:len(y)]", "return x[:len(y) + 1]", "return x[:len(y) - 1]", "return x[:]"},
    ),
    "condition": (
        "return np.where(x, y, 0) if x else [i for i in y if i]",
        {
            "return np.where(~x, y, 0) if x else [i for i in y if i]",
            "return np.where(x, y, 0) if not x else [i for i in y if i]",
            "return np.where(x, y, 0) if x else [i for i in y if not i]",
        },
    ),
    "argument": (
        "return x * y",
        {
            "return np.ones_like(x) * y",
            "return x * np.ones_like(y)",
            "x = np.ones_like(x)",
            "y = np.ones_like(y)",
        },
    ),
    "statement": ("x += y\n    z = x\n    z = z + 1\n    return z", {"pass"}),
    "assignment": ("x += y\n    return x", {"x = y"}),
    "counterpart": ("return np.maximum(x.sum(), max(y))", {
        "return np.minimum(x.sum(), max(y))",
        "return np.maximum(x.mean(), max(y))",
        "return np.maximum(x.sum(), min(y))",
    }),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_an_operator_makes_what_its_name_says_and_nothing_else(kind):
    body, expected = CHANGES[kind]
    assert made(body, kind) == expected


def test_every_operator_is_held_by_an_example():
    assert {operator.__name__ for operator in OPERATORS} == set(CHANGES)


def test_other_axes_are_tried_and_keepdims_is_flipped():
    assert made("return x.sum(axis=-1)", "axis") == {f"return x.sum(axis={n})" for n in (0, 1, -2)}
    assert made("return x.sum(keepdims=True)", "constant") == {"return x.sum(keepdims=False)"}


def test_an_ignored_argument_has_its_default():
    assert made("return x * y", "argument", "f(x, y=2.0)") >= {"return x * 2.0", "y = 2.0"}


def test_a_first_assignment_is_never_left_out():
    """It would only make a name that has no value."""
    assert made("z = x\n    return z", "statement") == set()


def test_a_docstring_a_signature_and_a_message_are_left_alone():
    text = f'{HEAD}def f(x, y=3):\n    """Add 3."""\n    raise ValueError(f"no {{x}} below {{3}}")\n'
    for mutant in mutants(text, "f"):
        assert '"""Add 3."""' in mutant.text
        assert "def f(x, y=3):" in mutant.text
        assert "3" in mutant.text.split("Add")[1] or mutant.after in ("pass", "x = np.ones_like(x)")


HELPED = (
    HEAD
    + "def _inner(x):\n    return x + 1\n\n\ndef _outer(x):\n    return _inner(x)\n\n\ndef other(x):\n    return x - 1\n\n\n"
    + "def f(x):\n    return _outer(x) * other(x)\n"
)


def test_private_helpers_are_mutated_too_and_other_exercises_are_not():
    assert reached(HELPED, "f") == ["f", "_outer", "_inner"]
    assert {mutant.function for mutant in mutants(HELPED, "f")} == {"f", "_outer", "_inner"}


def test_a_mutant_changes_one_function_and_says_where():
    (mutant,) = (m for m in mutants(HELPED, "f") if m.after == "return x - 1")
    assert (mutant.function, mutant.line, mutant.before) == ("_inner", 5, "return x + 1")
    assert run_text(mutant.text, "m", "m.py").f(5) == 4 * 4


def test_methods_of_a_class_are_mutated():
    text = f"{HEAD}class Layer:\n    size = 3\n\n    def forward(self, x):\n        return x + self.size\n"
    assert "return x - self.size" in {mutant.after for mutant in mutants(text, "Layer")}


@pytest.fixture
def toy_copy(tmp_path: Path) -> Path:
    shutil.copytree(TOY / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edited(root: Path, file: str, *pairs: tuple[str, str]) -> Unit:
    path = root / "solutions" / "toy" / file
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return Unit("toy", root / "solutions" / "toy")


def surviving(unit: Unit, name: str) -> list:
    return [verdict for verdict in Trial(unit, name, SEEDS).verdicts() if verdict.fate == SURVIVED]


@pytest.mark.parametrize("name", ["scale", "row_sums", "mean_and_spread"])
def test_no_mutant_of_the_toy_unit_survives(toy, name):
    trial = Trial(toy, name, SEEDS)
    fates = {verdict.mutant.after: verdict.fate for verdict in trial.verdicts()}
    assert KILLED in fates.values()
    assert SURVIVED not in fates.values()


def test_another_way_to_write_the_reference_is_no_survivor(toy):
    fates = {verdict.mutant.after: verdict.fate for verdict in Trial(toy, "row_sums", SEEDS).verdicts()}
    assert fates["return np.sum(x, axis=-1)"] == EQUIVALENT
    assert fates["return np.sum(x, axis=0)"] == KILLED


def test_a_reference_that_only_went_through_the_mutator_keeps_every_point(toy):
    """So that nothing is killed by the rewriting alone."""
    for name in toy.exercises:
        trial = Trial(toy, name, SEEDS)
        assert trial.verdict(Mutant(name, 1, "none", "", "", toy.text)).fate == EQUIVALENT


def test_checks_weakened_on_purpose_let_survivors_through(toy_copy):
    """Without the case of another factor nobody notices that the argument is ignored; wider inputs do."""
    unit = edited(
        toy_copy,
        "checks.py",
        ('"a factor of 3": partial(matrix, factor=3.0), ', '"a factor of 2": partial(matrix, factor=2.0), '),
        ('on="a factor of 3"', 'on="a factor of 2"'),
    )
    found = {verdict.mutant.after: verdict.why for verdict in surviving(unit, "scale")}
    assert "return x * 2.0" in found
    assert "factor = 2.0" in found
    assert "in case 'a factor of 2, factor = 1'" in found["return x * 2.0"]


@pytest.fixture
def lucky(toy_copy):
    """What becomes, with some seeds, of a mean in the place of a sum, where a matrix is all 0 for some of them."""
    zeros = "lambda draw: dict(x=draw(3, 5) * (draw() > 0))"
    right = 'cases={"three rows": matrix, "one row": partial(matrix, N=1)}'
    unit = edited(toy_copy, "checks.py", (right, f'cases={{"three rows": {zeros}, "one row": {zeros}}}'))
    mean = next(each for each in mutants(unit.text, "row_sums") if each.after == "return np.mean(x, axis=1)")
    return lambda seeds: Trial(unit, "row_sums", seeds).verdict(mean)


def test_a_claim_that_is_kept_by_luck_is_a_survivor(lucky):
    """It is killed with some seeds only."""
    found = lucky(range(8))
    assert found.fate == SURVIVED
    assert found.why.startswith("keeps every point with seeds [")


def test_a_mutant_that_lost_points_by_luck_is_a_survivor(lucky):
    """It is killed with each seed that it was tried with, and not with a further one."""
    dead = [seed for seed in range(8) if "with none of" in lucky([seed]).why]
    assert dead
    found = lucky(dead)
    assert found.fate == SURVIVED
    assert found.why.startswith("keeps every point with seed 10")
    assert found.why.endswith(f"and with none of {dead}")


def test_a_mutant_that_never_ends_is_killed(toy, monkeypatch):
    monkeypatch.setattr(mutation, "SECONDS", 0.2)
    endless = toy.text.replace("return x * factor", "while True:\n        pass")
    caught = toy.text.replace(
        "return x * factor",
        "while True:\n        try:\n            x + 1\n        except BaseException:\n            return x",
    )
    trial = Trial(toy, "scale", SEEDS)
    for text in (
        endless,
        caught,
        endless.replace("    while", "    x[0]\nwhile True:\n    pass\n\ndef f():\n    while"),
    ):
        assert trial.verdict(Mutant("scale", 1, "none", "", "", text)).fate == KILLED


def test_a_mutant_that_ends_its_process_costs_no_other_its_verdict(toy_copy):
    edited(
        toy_copy,
        "toy.py",
        ("import numpy as np", "import os\n\nimport numpy as np"),
        ("    return x * factor", "    if not x.size:\n        os._exit(3)\n    return x * factor"),
    )
    ((exercise, verdicts),) = tried(toy_copy, [("toy", "scale")], SEEDS, 1)
    assert exercise == ("toy", "scale")
    assert [verdict.mutant for verdict in verdicts] == Trial(Course(toy_copy).solutions("toy"), "scale", SEEDS).mutants
    dead = [verdict.mutant.after for verdict in verdicts if verdict.why == "it ends its process"]
    assert dead == ["if not not x.size:", "if x.size:"]


def test_an_exercise_that_cannot_be_compiled_blames_no_mutant(toy_copy):
    edited(toy_copy, "toy.py", ("return x * factor", "raise NotImplementedError('write me')  # x * factor"))
    result = command(toy_copy, "toy.scale")
    assert result.returncode == 3
    assert "toy.scale cannot be tried: " in result.stderr
    assert "the reference raises in case 'the default factor': NotImplementedError: write me" in result.stderr


def dev(root: Path, *args: str) -> subprocess.CompletedProcess:
    words = [sys.executable, str(ROOT / "cli.py"), "dev", *args, "--jobs", "1"]
    return subprocess.run(words, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=300)


def command(root: Path, *args: str) -> subprocess.CompletedProcess:
    return dev(root, "mutate", *args, "--seeds", "2")


def test_dev_mutate_is_green_where_every_slip_costs_points(toy_copy):
    result = command(toy_copy, "toy.scale")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✓ 100.0% of the mutants that change an answer lose points" in result.stdout


def test_dev_mutate_asks_a_reason_for_each_survivor_and_keeps_it(toy_copy):
    edited(
        toy_copy,
        "checks.py",
        ('"a factor of 3": partial(matrix, factor=3.0), ', '"a factor of 2": partial(matrix, factor=2.0), '),
        ('on="a factor of 3"', 'on="a factor of 2"'),
    )
    record = toy_copy / "survivors.toml"
    result = command(toy_copy, "toy.scale", "--record", str(record))
    assert result.returncode == 1
    assert "✗ toy.scale, line 11 (argument): return x * factor → return x * 2.0" in result.stdout
    assert "survivors without a reason" in result.stdout
    record.write_text(
        record.read_text(encoding="utf-8").replace('reason = ""', 'reason = "the contract says so"'), encoding="utf-8"
    )
    result = command(toy_copy, "toy.scale", "--record", str(record))
    assert "left: the contract says so" in result.stdout
    assert "without a reason" not in result.stdout
    assert set(survivors.load(record).values()) == {"the contract says so"}


def suggested(root: Path, *args: str) -> str:
    result = dev(root, "suggest", "toy.scale", *args)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_dev_suggest_proposes_a_case_for_a_survivor_and_forgets_one_with_a_reason(toy_copy):
    edited(
        toy_copy,
        "checks.py",
        ('"a factor of 3": partial(matrix, factor=3.0), ', '"a factor of 2": partial(matrix, factor=2.0), '),
        ('on="a factor of 3"', 'on="a factor of 2"'),
    )
    text = suggested(toy_copy)
    assert "keeps every point: add a case in which its answer differs" in text
    assert "line 11: return x * factor → return x * 2.0" in text
    record = toy_copy / "survivors.toml"
    command(toy_copy, "toy.scale", "--record", str(record))
    record.write_text(record.read_text(encoding="utf-8").replace('reason = ""', 'reason = "so"'), encoding="utf-8")
    assert "0 keep every point" in suggested(toy_copy, "--reasons", str(record))


def test_dev_suggest_proposes_a_mistake_for_what_is_told_nothing(toy_copy):
    """With an entry that can be pasted: it is one, and names the very mutant."""
    text = suggested(toy_copy, "--general")
    assert "loses points, and is told nothing: add it as a mistake" in text
    assert "loses points, and gets a general hint" in text
    line = next(line.strip() for line in text.splitlines() if "edit(" in line)
    found = eval(line.rstrip(","), {"Mistake": Mistake, "edit": edit})
    (step,) = found.wrong.steps
    assert step.old == "return x * factor"
    source = mutate((toy_copy / "solutions" / "toy" / "toy.py").read_text(encoding="utf-8"), "scale", found.wrong)
    assert step.new in source


def test_a_file_that_lists_no_survivors_is_refused(tmp_path):
    for text in ("[[survivor]\n", '[[survivor]]\nexercise = "a.b"\n', "survivor = 3\n"):
        (tmp_path / "survivors.toml").write_text(text)
        with pytest.raises(GraderError, match="is no list of survivors"):
            survivors.load(tmp_path / "survivors.toml")


def test_survivors_are_written_as_they_are_read(tmp_path):
    reasons = {("a.b", "f", 'x["é"]', "x['\\n'] — →"): "why", ("a.a", "f", "x", "y"): ""}
    path = tmp_path / "survivors.toml"
    path.write_text(survivors.dump(reasons), encoding="utf-8")
    assert survivors.load(path) == reasons


def test_every_survivor_of_the_course_has_a_reason():
    assert [change for change, reason in survivors.load(RECORD).items() if len(reason) < 20] == []


SAMPLE = [
    "backprop.relu_backward",
    "probability.entropy",
    "attention.positional_encoding",
    "optimization.early_stopping",
]


@pytest.mark.parametrize("target", SAMPLE)
def test_the_list_of_survivors_is_fresh(target):
    unit, _, name = target.partition(".")
    verdicts = list(Trial(Course(ROOT).solutions(unit), name, range(3)).verdicts())
    listed = {change for change in survivors.load(RECORD) if change[0] == target}
    assert {verdict.change for verdict in verdicts if verdict.fate == SURVIVED} == listed
    assert sum(verdict.fate == KILLED for verdict in verdicts) >= 10
