"""No case gives its point away by chance: what zeros or ones would answer is drawn anew."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TOY

from grader.authoring.proof import prove
from grader.compiling import compile as compiling
from grader.compiling.compile import compile_exercise
from grader.course.unit import Unit

CASE = '"a factor of 3": partial(matrix, factor=3.0)'


@pytest.fixture
def unit_with(tmp_path: Path):
    """The toy unit, with a case of `scale` of one's own."""

    def make(case: str) -> Unit:
        folder = tmp_path / "solutions" / "toy"
        shutil.copytree(TOY / "solutions" / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
        path = folder / "checks.py"
        text = path.read_text(encoding="utf-8")
        assert text.count(CASE) == 1
        path.write_text(text.replace(CASE, f'"a factor of 3": {case}'), encoding="utf-8")
        return Unit("toy", folder)

    return make


def is_given_away(key) -> bool:
    (check,) = [check for check in key.checks if "factor" in check.claim]
    expected = [key.questions[number].expected for group in check.groups for number in group]
    return any(all((np.asarray(answer) == value).all() for answer in expected) for value in (0, 1))


@pytest.mark.parametrize("value", [0.0, 1 / 3])
def test_a_case_that_zeros_or_ones_answer_by_chance_is_drawn_anew(unit_with, monkeypatch, value):
    unit = unit_with(
        f"lambda draw: dict(x=draw(3, 2) if draw.uniform(0, 1) > 0.3 else {value} + 0 * draw(3, 2), factor=3.0)"
    )
    assert not any(is_given_away(compile_exercise(unit, "scale", seed)) for seed in range(20))
    monkeypatch.setattr(compiling, "FAIRER", 0)
    assert any(is_given_away(compile_exercise(unit, "scale", seed)) for seed in range(20))


def test_of_a_case_that_zeros_always_answer_the_author_is_told(unit_with):
    unit = unit_with("lambda draw: dict(x=0 * draw(3, 2), factor=3.0)")
    assert is_given_away(compile_exercise(unit, "scale", 0))
    assert any("rule 2: zeros earns" in failure for failure in prove(unit, "scale", range(1)).failures)
