"""A student's own modules beside the file do work; they take no other module's place, and nobody else's are taken."""

from pathlib import Path

import pytest
from conftest import RIGHT, by_name, first_finding

from grader.grading import grade
from grader.sandbox.opening import open_sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission, SubmissionError, read

WITH_HELPER = RIGHT.replace("import numpy as np", "import numpy as np\nimport sums").replace(
    "np.sum(x, axis=1)", "sums.of_rows(x)"
)
HELPER = "import numpy as np\nfrom deeper import AXIS\n\ndef of_rows(x):\n    return np.sum(x, axis=AXIS)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text(WITH_HELPER)
    (tmp_path / "sums.py").write_text(HELPER)
    (tmp_path / "deeper.py").write_text("AXIS = 1\n")
    (tmp_path / "unused.py").write_text("1/0")
    return tmp_path


def test_helpers_are_taken_along_as_far_as_they_are_imported(folder, toy_key, sandbox):
    handed_in = read(folder / "toy.py", with_helpers=True)
    assert [name for name, _ in handed_in.helpers] == ["sums", "deeper"]
    assert grade(handed_in, toy_key, sandbox).is_perfect


def test_the_hash_is_of_all_that_runs(folder):
    alone, whole = read(folder / "toy.py"), read(folder / "toy.py", with_helpers=True)
    assert alone.sha256 != whole.sha256
    (folder / "deeper.py").write_text("AXIS = 0\n")
    assert read(folder / "toy.py", with_helpers=True).sha256 != whole.sha256


def test_without_being_asked_for_no_module_beside_a_file_is_read(folder, toy_key, sandbox):
    report = by_name(grade(read(folder / "toy.py"), toy_key, sandbox))
    assert report["row_sums"].status == "forbidden"
    assert "imports sums, which this exercise does not allow" in first_finding(report["row_sums"]).message
    assert report["scale"].points == 4


@pytest.mark.parametrize("name", ["numpy", "json", "sitecustomize", "conftest", "random", "grader"])
def test_a_shadow_module_takes_no_other_s_place(folder, toy_key, sandbox, name, capfd):
    (folder / f"{name}.py").write_text("print('SHADOW')\nraise SystemExit\n")
    (folder / "toy.py").write_text(f"import {name}\n{WITH_HELPER}")
    report = grade(read(folder / "toy.py", with_helpers=True), toy_key, sandbox)
    assert report.is_perfect
    if name in ("numpy", "json", "random"):
        assert not any("SHADOW" in exercise.printed for exercise in report.exercises)
    assert "SHADOW" not in capfd.readouterr().out


def test_a_stale_pyc_is_not_run(folder, toy_key, sandbox):
    import py_compile

    for name in ("sums", "toy"):
        evil = folder / "evil.py"
        evil.write_text("print('STALE')\nraise SystemExit\n")
        cache = folder / "__pycache__" / f"{name}.cpython-311.pyc"
        cache.parent.mkdir(exist_ok=True)
        py_compile.compile(str(evil), str(cache), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        evil.unlink()
    report = grade(read(folder / "toy.py", with_helpers=True), toy_key, sandbox)
    assert report.is_perfect
    assert not any("STALE" in exercise.printed for exercise in report.exercises)


def test_a_broken_helper_costs_what_needs_it(folder, toy_key, sandbox):
    (folder / "sums.py").write_text("def of_rows(x:\n")
    report = by_name(grade(read(folder / "toy.py", with_helpers=True), toy_key, sandbox))
    assert report["row_sums"].points == 0
    assert report["scale"].points == 4


def test_helpers_too_large_are_told(folder):
    (folder / "deeper.py").write_text("AXIS = 1\n#" + "x" * (1 << 20))
    with pytest.raises(SubmissionError, match=r"deeper\.py is larger than 1 MB"):
        read(folder / "toy.py", with_helpers=True)


def test_the_budget_of_a_submission_bounds_its_exercises(toy_key):
    slow = "import time\n" + RIGHT.replace("    return", "    time.sleep(0.4)\n    return")
    with open_sandbox(Limits(seconds=2, submission_seconds=1.0)) as sandbox:
        report = grade(Submission("toy.py", slow.encode()), toy_key, sandbox)
    assert [exercise.status for exercise in report.exercises] == ["timeout"] * 3
    assert "the 1 s for the whole submission were used up" in first_finding(report.exercises[2]).message
