"""`grade dev check` fails loudly when a rule is broken: each test breaks one, in a copy of the toy unit."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TOY

from grader.answer import Answer
from grader.authoring.answers import dressed
from grader.authoring.proof import Proof, _as_it_answers_now, prove
from grader.authoring.proof_table import markdown
from grader.commands import dev_author
from grader.compiling.compile import compile_exercise, compile_with_mistakes
from grader.course.unit import Unit
from grader.errors import GraderError
from grader.sandbox.wire import same

SEEDS = range(3)
NAMES = ["scale", "row_sums", "mean_and_spread"]


@pytest.fixture
def toy_copy(tmp_path: Path) -> Path:
    shutil.copytree(TOY / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edited(root: Path, file: str, old: str, new: str, unit: str = "toy") -> Unit:
    path = root / "solutions" / unit / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Unit(unit, root / "solutions" / unit)


@pytest.mark.parametrize("name", NAMES)
def test_the_toy_unit_holds_every_rule(toy, name):
    proof = prove(toy, name, SEEDS)
    assert proof.failures == []
    assert proof.seeds == len(SEEDS)
    assert proof.nearest > 1e6
    assert proof.used < 0.1


def test_a_part_that_is_none_has_no_other_form():
    clothes = dressed(lambda: (None, 2.5))
    assert [how for how, reference in clothes.items() if reference()[0] is not None] == []


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
        "rule 1: the reference earns 2 of 3: your function changes its input x",
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
        "scale: with none of 20 draws does the reference's own answer show what a check claims, one entry moves one entry: your answer does not change",
    ),
    "a mistake that no check catches": (
        "scale",
        "checks.py",
        'edit("x * factor", "x + factor")',
        'edit("x * factor", "factor * x")',
        "rule 3: mistake 'adds' keeps every point",
    ),
    "a mistake whose own code is broken": (
        "scale",
        "checks.py",
        'edit("x * factor", "x + factor")',
        "lambda x, factor=2.0: x + fctor",
        "rule 3: mistake 'adds' is diagnosed as NameError: name 'fctor' is not defined",
    ),
    "two mistakes that answer alike": (
        "scale",
        "checks.py",
        'edit("x * factor", "x + factor")',
        'edit("x * factor", "x / factor")',
        "rule 3: mistakes 'adds' and 'divides' give the same answer to every question",
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


def test_a_case_that_chance_makes_useless_is_drawn_again(toy, toy_copy):
    """With every other seed this change changes nothing, and the reference itself would lose the point."""
    unit = edited(toy_copy, "checks.py", "[[0, 0, 1.0, 0, 0]]", "[[0, 0, draw.signs() > 0, 0, 0]]")
    drawn_again = 0
    for seed in range(12):
        key = compile_exercise(unit, "scale", seed)
        before, after = (key.questions[number] for number in key.checks[2].groups[0])
        assert not np.array_equal(before.expected, after.expected)
        first = compile_exercise(toy, "scale", seed).questions[0]
        drawn_again += not np.array_equal(before.inputs["x"], first.inputs["x"])
    assert 1 <= drawn_again <= 11
    assert prove(unit, "scale", range(12)).failures == []


@pytest.mark.parametrize(("name", "file", "old", "new", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named(toy_copy, name, file, old, new, words):
    proof = prove(edited(toy_copy, file, old, new), name, SEEDS)
    assert any(words in failure for failure in proof.failures), proof.failures


BROKEN_WORDS = {
    "a driver that needs more than it has": (
        "slope",
        "checks.py",
        "return student(f=f, x=x, **h)",
        "return student(f=f, x=x + len(HINTS) * 0, **h)",
        "the driver of_a_cubic uses HINTS, which it will not find in the worker",
    ),
    "a driver that imports what a worker has not": (
        "slope",
        "checks.py",
        "    return student(f=f, x=x, **h)",
        "    import grader.key\n\n    return student(f=f, x=x, **h)",
        "the driver of_a_cubic has a decorator, or imports what a worker has not",
    ),
    "a driver that is no function of the file": (
        "slope",
        "checks.py",
        "driver=of_a_cubic",
        "driver=partial(of_a_cubic)",
        "the driver of slope must be a function that this file defines with `def`",
    ),
    "a driver that leaves the student out": (
        "momentum",
        "checks.py",
        "        w, state = student(w=w, dw=dw, state=state, **more)",
        "        w = w - 0.1 * dw",
        "rule 3: mistake 'forgets' keeps every point",
    ),
    "a driver with which doing nothing is right": (
        "momentum",
        "checks.py",
        "gradients=draw(3, 5)",
        "gradients=0 * draw(3, 5)",
        "rule 2: its input w back as every part earns 3",
    ),
    "a reference that does not raise": (
        "reciprocal",
        "checks.py",
        '"a singular matrix": singular}',
        '"a singular matrix": regular}',
        "a check says that it raises LinAlgError in case 'a singular matrix', the reference answers",
    ),
    "a reference that raises another error": (
        "reciprocal",
        "words.py",
        "raise np.linalg.LinAlgError",
        "raise [ValueError, np.linalg.LinAlgError][0]",
        "the reference raises ValueError",
    ),
    "an oracle that does not raise": (
        "reciprocal",
        "oracles.py",
        "np.linalg.inv(A)",
        "np.linalg.pinv(A)",
        "rule 1: the oracle does not hold 'a singular matrix raises LinAlgError': your function returns",
    ),
    "an exception for every input": (
        "reciprocal",
        "checks.py",
        'dict(A=inputs["A"] + np.eye(2))',
        "inputs",
        "the reference raises in case 'a singular matrix': LinAlgError: singular",
    ),
    "signs of a part that there is not": (
        "leading",
        "checks.py",
        '{"vector": "whole"}',
        '{"eigenvector": "whole"}',
        "up_to_sign has 'eigenvector': 'whole'; parts are value, vector",
    ),
    "signs that turn alone": (
        "directions",
        "checks.py",
        '{"axes": "rows", "scores": "columns"}',
        '{"axes": "rows"}',
        "rule 4: correct, other_signs, earns 0 of 2",
    ),
    "a reference that uses what it forbids": (
        "multiply",
        "words.py",
        "(A[:, :, None] * B).sum(axis=1)",
        "A @ B + 0 * (A[:, :, None] * B).sum(axis=1)",
        "rule 1: multiply uses @ in line",
    ),
    "a rewrite that uses what is forbidden": (
        "multiply",
        "rewrites.py",
        "return sum(x * y for x, y in zip(a, b, strict=True))",
        "return np.dot(a, b)",
        "rule 4: multiply__loops uses np.dot in line",
    ),
    "what NumPy does not have": (
        "multiply",
        "checks.py",
        '"numpy.linalg.multi_dot"',
        '"numpy.multi_dot"',
        "rule 1: it forbids what does not exist: numpy.multi_dot",
    ),
    "a law that is not the reference's": (
        "start",
        "checks.py",
        "np.sqrt(6 /",
        "np.sqrt(6.6 /",
        "rule 1: the reference earns 1 of 4: W has a standard deviation of",
    ),
    "an oracle of another law": (
        "start",
        "oracles.py",
        "a * (2 * rng.random((fan_in, fan_out)) - 1)",
        "a * (2 * rng.random((fan_in, fan_out)) - 1) ** 3",
        "rule 1: the oracle does not hold 'draws from the uniform law'",
    ),
    "a sample too small to tell": (
        "start",
        "checks.py",
        "fan_in=400, fan_out=150",
        "fan_in=4, fan_out=5",
        "rule 3: mistakes 'normal' and 'wide' give the same answer to every question",
    ),
    "a change that changes nothing": (
        "fading",
        "checks.py",
        'inputs | {"is_fading": True}',
        "inputs",
        "rule 1: the reference earns 2 of 4: with the inputs changed, the last of norms is",
    ),
}


@pytest.mark.parametrize(("name", "file", "old", "new", "words"), BROKEN_WORDS.values(), ids=BROKEN_WORDS)
def test_a_rule_broken_in_a_new_word_is_named(toy_copy, name, file, old, new, words):
    proof = prove(edited(toy_copy, file, old, new, "words"), name, range(1))
    assert any(words in failure for failure in proof.failures), proof.failures


def test_a_check_is_not_on_a_case_that_has_no_one_right_answer(toy_copy):
    unit = edited(
        toy_copy, "checks.py", 'agrees(3, "inverts")', 'agrees(3, "inverts", on="a singular matrix")', "words"
    )
    with pytest.raises(
        GraderError, match=r"check 'inverts' is on .'a singular matrix'., which has no one right answer"
    ):
        prove(unit, "reciprocal", range(1))


def test_an_edit_that_no_longer_fits_is_told(toy_copy):
    unit = edited(toy_copy, "toy.py", "x * factor", "factor * x")
    (failure,) = prove(unit, "scale", SEEDS).failures
    assert "scale: 'x * factor' occurs 0 times in scale; an edit needs it exactly once" in failure


def test_a_reference_that_raises_is_told_and_not_a_traceback(toy_copy):
    unit = edited(toy_copy, "toy.py", "return x * factor", "raise NotImplementedError('write me')  # x * factor")
    (failure,) = prove(unit, "scale", SEEDS).failures
    assert failure.startswith(f"rule 1: {unit.folder / 'toy.py'}, line ")
    assert failure.endswith(
        ": scale: the reference raises in case 'the default factor': NotImplementedError: write me (seed 0)"
    )


def check(root: Path, *args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "cli.py"), "dev", *args]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=300)


def test_dev_build_then_dev_check_is_green_and_a_stale_file_is_red(toy_copy):
    assert check(toy_copy, "build").returncode == 0
    assert "assignments/ is fresh" in check(toy_copy, "build").stdout
    result = check(toy_copy, "check", "--seeds", "2", "--jobs", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[:3] == [f"✓ toy.{name} ({number} of 3)" for number, name in enumerate(NAMES, 1)]  # a log sees it go on
    assert lines[-1] == "✓ 3 exercises hold all seven rules on 2 seeds"
    stub = toy_copy / "assignments" / "toy" / "toy.py"
    stub.write_text(stub.read_text() + "# changed\n")
    result = check(toy_copy, "check", "toy.scale", "--seeds", "1", "--jobs", "1")
    assert result.returncode == 1
    assert "✗ rule 6: " in result.stdout
    assert "toy.py" in result.stdout


def test_a_unit_s_files_are_built_once_whatever_the_number_of_its_exercises(toy_copy, monkeypatch):
    asked = []
    monkeypatch.setattr(dev_author, "_workers", ThreadPoolExecutor)  # in this process, where it can be seen
    monkeypatch.setattr(dev_author.building, "stale_unit", lambda course, unit: asked.append(unit) or [])
    monkeypatch.setattr(dev_author, "_prove_chunk", lambda root, unit, name, seeds: Proof(f"{unit}.{name}", 1, 1, 1, 1))
    dev_author.check(str(toy_copy), [], seeds=1, runs=1, jobs=1)
    assert asked == ["toy"]


def test_dev_check_is_red_for_a_broken_rule(toy_copy):
    edited(toy_copy, "rewrites.py", "HALF = 0.5", "HALF = 0.5001")
    assert check(toy_copy, "build").returncode == 0
    result = check(toy_copy, "check", "--seeds", "1", "--jobs", "1")
    assert result.returncode == 1
    assert result.stdout.startswith("✗ toy.scale (1 of 3)\n✓ toy.row_sums (2 of 3)\n")
    assert "✗ toy.scale: rule 4: correct, twice_half, earns 1 of 4" in result.stdout


def test_dev_check_of_a_fresh_scaffold_names_what_is_to_be_written(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text("units = []\n")
    assert check(tmp_path, "new", "tiny.double").returncode == 0
    result = check(tmp_path, "check", "--seeds", "1", "--jobs", "1")
    assert result.returncode == 1
    assert result.stderr == ""
    for words in (
        "rule 5: 0 mistakes; at least three",
        "rule 5: 0 hints; two or three",
        "the reference raises in case 'three numbers': NotImplementedError: write the reference",
    ):
        assert words in result.stdout


def test_a_table_for_a_document_counts_claims_and_survivors():
    proofs = [
        Proof("toy.scale", 4, 3, 3, 2, 2, 25),
        Proof("toy.sums", 2, 1, 5, 1, 1, 25, {"mean"}, failures=["rule 3"]),
    ]
    lines = markdown(proofs, 25).splitlines()
    assert "| toy | 2 | 6 | 4 | 3 | 8 | 1 |" in lines
    assert "| **together** | **2** | **6** | **4** | **3** | **8** | **1** |" in lines
    assert "| `toy.scale` | 4 | 3 | 2 | 3 | 0 | 2 | 25 | exact |  | another form |" in lines
    assert any(line.startswith("| `toy.sums` ✗ |") for line in lines)
    rows = [line.count("|") for line in lines if line.startswith("|")]
    assert rows == [8] * 4 + [12] * 4
    assert (lines.count("<details>"), lines[-1]) == (1, "</details>")


def test_a_mistake_with_random_numbers_of_its_own_is_asked_anew(toy):
    key, mistakes = compile_with_mistakes(toy, "scale", 0)
    made = toy.mistakes("scale")
    for name, known in mistakes.items():
        assert _as_it_answers_now(name, known, made[name], key) is known
    name, unsteady = next(iter(mistakes)), iter(range(1000))
    question = next(question for question in key.questions if name in question.mistakes)
    asks_anew = _as_it_answers_now(name, lambda question: Answer(float(next(unsteady))), made[name], key)
    assert same(asks_anew(question).value, mistakes[name](question).value)
