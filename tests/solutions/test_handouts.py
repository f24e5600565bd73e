"""What a handout says is true: its worked examples are the reference's answers, its formulas and pictures are shown.

A worked example is a block of Python as one types it, `>>> softmax(np.array([1.0, 2.0]))`, with the answer below it to
as many digits as are printed.
"""

import pytest
from conftest import ROOT

from grader.authoring.examples import BLOCK, wrong_examples
from grader.course.course import Course

COURSE = Course(ROOT)
EXERCISES = [(unit, name) for unit in COURSE.units for name in COURSE.solutions(unit).exercises]


@pytest.mark.parametrize(("unit", "name"), EXERCISES)
def test_a_worked_example_is_what_the_reference_answers(unit, name):
    solutions = COURSE.solutions(unit)
    blocks = BLOCK.findall(solutions.handout(name))
    exercise = solutions.exercises[name]
    if not (
        exercise.torch or exercise.pieces or exercise.seconds
    ):  # a module or a training run has no answer of a few numbers
        assert any(f"{name}(" in block for block in blocks), f"{unit}.{name} has no worked example that can be typed"
    assert list(wrong_examples(solutions, name)) == []
