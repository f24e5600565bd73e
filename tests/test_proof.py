"""`grade dev check` fails loudly when a rule is broken: each test breaks one, in a copy of the toy unit."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, TOY

from grader.authoring.proof import prove
from grader.course import Course
from grader.unit import Unit

SEEDS = range(3)


@pytest.fixture
def toy_copy(tmp_path: Path) -> Path:
    shutil.copytree(TOY / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edited(root: Path, file: str, old: str, new: str) -> Unit:
    path = root / "solutions" / "toy" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Course(root).solutions("toy")


@pytest.mark.parametrize("name", ["scale", "row_sums", "mean_and_spread"])
def test_the_toy_unit_holds_every_rule(toy, name):
    proof = prove(toy, name, SEEDS)
    assert proof.failures == []
    assert proof.seeds == len(SEEDS)
    assert proof.nearest > 1e6
    assert proof.used < 0.1


BROKEN = {
    "a wrong reference": (
        "row_sums",
        "toy.py",
        "np.sum(x, axis=1)",
        "np.sum(x, axis=1) + 1e-9",
        "rule 1: the reference differs from the oracle",
    ),
    "a slightly wrong oracle": (
        "row_sums",
        "oracles.py",
        "sum(map(float, row))",
        "sum(map(float, row)) * (1 + 1e-10)",
        "rule 1: the reference differs",
    ),
    "no oracle": ("row_sums", "oracles.py", "def row_sums", "def other_sums", "rule 1: oracles.py has no row_sums"),
    "a reference that changes its input": (
        "row_sums",
        "toy.py",
        "    return np.sum(x, axis=1)",
        "    s = np.sum(x, axis=1)\n    x += 1\n    return s",
        "rule 1: the reference earns 0 of 3: your function changes its input x",
    ),
    "a case that lazy answers get right": (
        "row_sums",
        "checks.py",
        '"one row": partial(matrix, N=1)},\n    checks=[agrees(2, "adds',
        '"one row": lambda draw: dict(x=0 * draw(1, 5))},\n    checks=[agrees(2, "adds',
        "rule 2: zeros earns 1",
    ),
    "a claim that never moves": (
        "scale",
        "checks.py",
        'inputs | {"x": inputs["x"] + [[0, 0, 1.0, 0, 0]]}',
        "inputs",
        "rule 1: the reference earns 3 of 4: your answer does not move",
    ),
    "a mistake that no check catches": (
        "scale",
        "checks.py",
        'edit("x * factor", "x + factor")',
        'edit("x * factor", "factor * x")',
        "rule 3: mistake 'adds' keeps every point",
    ),
    "two mistakes that answer alike": (
        "scale",
        "checks.py",
        'edit("x * factor", "x + factor")',
        'edit("x * factor", "x / factor")',
        "rule 3: mistake 'adds' is diagnosed as",
    ),
    "a mistake within rounding": (
        "row_sums",
        "checks.py",
        'edit("np.sum(", "np.mean(")',
        'edit("np.sum(x, axis=1)", "np.sum(x, axis=1) * (1 + 3e-11)")',
        "rule 3: mistake 'means' is only",
    ),
    "a rewrite that is wrong": (
        "scale",
        "rewrites.py",
        "HALF = 0.5",
        "HALF = 0.5001",
        "rule 4: correct, twice_half, earns 1 of 4",
    ),
    "a rewrite near the edge of the tolerance": (
        "row_sums",
        "rewrites.py",
        "x @ np.ones(x.shape[1])",
        "x.sum(1) + 0.9 * 2e-12 * abs(x.sum(1)).max()",
        "rule 4: correct, product, ",
    ),
    "no rewrite": (
        "row_sums",
        "rewrites.py",
        "def row_sums__product",
        "def row_sum__product",
        "rule 4: rewrites.py has no row_sums__<how>",
    ),
    "two mistakes only": (
        "row_sums",
        "checks.py",
        '        Mistake("means", "These are means: nothing is divided here.", edit("np.sum(", "np.mean(")),\n',
        "",
        "rule 5: 2 mistakes; at least three",
    ),
    "one hint": ("row_sums", "checks.py", '"Which axis is a row\'s?", ', "", "rule 5: 1 hints; two or three"),
    "a hint that is no sentence": (
        "row_sums",
        "checks.py",
        "Look at what keepdims does.",
        "keepdims",
        "rule 5: not a sentence: 'keepdims'",
    ),
    "a hint that gives the line away": (
        "row_sums",
        "checks.py",
        "Look at what keepdims does.",
        "Try np.sum(x, axis=1).",
        "gives a line of the reference away: np.sum(x, axis=1)",
    ),
}


@pytest.mark.parametrize(("name", "file", "old", "new", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named(toy_copy, name, file, old, new, words):
    proof = prove(edited(toy_copy, file, old, new), name, SEEDS)
    assert any(words in failure for failure in proof.failures), proof.failures


def test_an_edit_that_no_longer_fits_is_told(toy_copy):
    unit = edited(toy_copy, "toy.py", "x * factor", "factor * x")
    (failure,) = prove(unit, "scale", SEEDS).failures
    assert "scale: 'x * factor' occurs 0 times in scale; an edit needs it exactly once" in failure


def test_a_reference_that_raises_is_told_and_not_a_traceback(toy_copy):
    unit = edited(toy_copy, "toy.py", "return x * factor", "raise NotImplementedError('write me')  # x * factor")
    (failure,) = prove(unit, "scale", SEEDS).failures
    assert failure == "rule 1: it cannot be compiled: NotImplementedError: write me (seed 0)"


def check(root: Path, *args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "cli.py"), "dev", *args]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=300)


def test_dev_build_then_dev_check_is_green_and_a_stale_file_is_red(toy_copy):
    assert check(toy_copy, "build").returncode == 0
    assert "assignments/ is fresh" in check(toy_copy, "build").stdout
    result = check(toy_copy, "check", "--seeds", "2", "--jobs", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✓ 3 exercises hold all six rules on 2 seeds" in result.stdout
    stub = toy_copy / "assignments" / "toy" / "toy.py"
    stub.write_text(stub.read_text() + "# changed\n")
    result = check(toy_copy, "check", "toy.scale", "--seeds", "1", "--jobs", "1")
    assert result.returncode == 1
    assert "✗ rule 6: " in result.stdout
    assert "toy.py" in result.stdout


def test_dev_check_is_red_for_a_broken_rule(toy_copy):
    edited(toy_copy, "rewrites.py", "HALF = 0.5", "HALF = 0.5001")
    assert check(toy_copy, "build").returncode == 0
    result = check(toy_copy, "check", "--seeds", "1", "--jobs", "1")
    assert result.returncode == 1
    assert "✗ toy.scale: rule 4: correct, twice_half, earns 1 of 4" in result.stdout
