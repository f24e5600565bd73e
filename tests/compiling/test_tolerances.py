"""No tolerance is looser than the arithmetic: above one in a million, checks.py must say where it comes from."""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, TOY, keys_of

from grader.compiling.compile import compile_exercise
from grader.compiling.noise import measure_noise, scale
from grader.course.course import Course
from grader.course.unit import Unit
from grader.judging.kinds.registry import kind_of
from grader.key import ExerciseKey
from grader.nest import numeric_leaves

LOOSE = 1e-6  # relative to the largest entry of an answer, in float64
UNITS = Course(ROOT).units


def loosest(keys: Sequence[ExerciseKey]) -> tuple[float, str]:
    """The largest tolerance relative to its answer's largest entry, or to 1 if that is less; with its case."""
    found = (0.0, "")
    for key in keys:
        is_open = {n for check in key.checks if kind_of(check).trace for group in check.groups for n in group}
        for question in (question for n, question in enumerate(key.questions) if n not in is_open):
            for (_, leaf), tolerance in zip(numeric_leaves(question.expected), question.tolerance, strict=True):
                found = max(found, (tolerance / max(scale(leaf), 1.0), question.label))
    return found


def arithmetic(text: str, name: str) -> str:
    """The comments above an exercise and above what it is made of: constants, and functions that draw its cases."""
    made = {
        target.id: node for node in ast.parse(text).body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    made |= {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    used = {node.id for node in ast.walk(made[name]) if isinstance(node, ast.Name)} & set(made)
    return "\n".join(_above(text.split("\n"), made[each].lineno) for each in [name, *sorted(used)])


def _above(lines: list[str], number: int) -> str:
    first = number - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : number - 1])


def is_explained(text: str, name: str) -> bool:
    comment = arithmetic(text, name)
    return "tolerance" in comment and bool(re.search(r"\de-?\d", comment))


@pytest.mark.parametrize("unit_name", UNITS)
def test_a_loose_tolerance_has_its_arithmetic_beside_it(unit_name):
    unit = Course(ROOT).solutions(unit_name)
    text = (unit.folder / "checks.py").read_text(encoding="utf-8")
    unexplained = {}
    for name, exercise in unit.exercises.items():
        if not exercise.torch and not exercise.is_run:
            tolerance, label = loosest(keys_of(unit_name, name))
            if max(tolerance, exercise.tolerance or 0.0) > LOOSE and not is_explained(text, name):
                unexplained[name] = f"{tolerance:.0e} in case {label!r}"
    assert unexplained == {}


def test_a_loose_tolerance_without_a_word_is_found():
    key = compile_exercise(Unit("toy", TOY / "solutions" / "toy"), "scale", 0)
    assert loosest([key])[0] < 1e-11
    first, *others = key.questions
    loose = replace(key, questions=[replace(first, tolerance=[0.1 for _ in first.tolerance]), *others])
    tolerance, label = loosest([loose])
    assert tolerance > LOOSE
    assert label == first.label
    bare = "LOOSE = 1e-3\nscale = Exercise(tolerance=LOOSE)\n"
    assert not is_explained(bare, "scale")
    assert not is_explained("# A tolerance.\n" + bare, "scale")
    assert not is_explained("# Rounding of 1e-5.\n\n" + bare, "scale")
    assert is_explained("# Rounding of 1e-5, so a tolerance of a hundred times that.\n" + bare, "scale")


def test_the_measure_sees_a_case_whose_inputs_are_rounded_away(tmp_path: Path):
    folder = tmp_path / "toy"
    folder.mkdir()
    for file in ("toy.py", "checks.py", "oracles.py", "rewrites.py", "handout.md"):
        text = (TOY / "solutions" / "toy" / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace("1e3 + draw(7)", "1e9 + draw(7)"), encoding="utf-8")
    tolerance, label = loosest([compile_exercise(Unit("toy", folder), "mean_and_spread", 0)])
    assert tolerance > LOOSE
    assert label == "far from zero"


@pytest.mark.parametrize("unit", [1.0, 1j])
def test_the_noise_of_complex_numbers_is_measured_as_that_of_real_ones(unit):
    """A difference of two nearly equal numbers has the rounding error of these, a billion times that of its own size."""

    def difference(z):
        return z[:1] - z[1:]

    z = unit * np.array([1.0 + 1e-9, 1.0])
    (noise,) = measure_noise(difference, {"z": z}, difference(z))
    assert 2.0**-53 <= noise <= 2.0**-50
