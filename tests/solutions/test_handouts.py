"""What a handout says is true: its worked examples are the reference's answers, its formulas and pictures are shown.

A worked example is a block of Python as one types it, `>>> softmax(np.array([1.0, 2.0]))`, with the answer below it to
as many digits as are printed.
"""

import doctest
import re

import numpy as np
import pytest
from conftest import ROOT

from grader.course.course import Course

COURSE = Course(ROOT)
EXERCISES = [(unit, name) for unit in COURSE.units for name in COURSE.solutions(unit).exercises]
BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.MULTILINE | re.DOTALL)
DIGITS = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


def shown(value) -> str:
    """An answer as a handout prints it: NumPy's words, four decimals, and numbers as plain numbers."""
    if isinstance(value, tuple | list):
        inside = ", ".join(shown(item) for item in value) + (
            "," if isinstance(value, tuple) and len(value) == 1 else ""
        )
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return repr(round(value, 4))
    with np.printoptions(precision=4, suppress=True):
        return repr(value)


def differences(source: str, names: dict) -> list[str]:
    """What the answers of a block are, where they are not what stands below them."""
    found = []
    for example in doctest.DocTestParser().get_examples(source):
        answer = None
        try:
            code = compile(example.source.strip(), "handout.md", "eval")
        except SyntaxError:
            exec(example.source, names)
        else:
            answer = eval(code, names)
        got = "" if answer is None else shown(answer)
        if not alike(example.want, got):
            found.append(f"{example.source.strip()} gives {got}, and the handout says {example.want.strip()}")
    return found


def alike(want: str, got: str) -> bool:
    """The same text but for white space, and the same numbers to as many decimals as were printed."""
    skeletons = ("".join(DIGITS.sub("#", text).split()) for text in (want, got))
    if len(set(skeletons)) > 1:
        return False
    for printed, number in zip(DIGITS.findall(want), DIGITS.findall(got), strict=True):
        decimals = len(printed.partition(".")[2])
        if abs(float(printed) - float(number)) > 0.5 * 10.0**-decimals * 1.001 + 0.5e-4:
            return False
    return True


@pytest.mark.parametrize(("unit", "name"), EXERCISES)
def test_a_worked_example_is_what_the_reference_answers(unit, name):
    solutions = COURSE.solutions(unit)
    blocks = BLOCK.findall(solutions.handout(name))
    exercise = solutions.exercises[name]
    if not (
        exercise.torch or exercise.pieces or exercise.seconds
    ):  # a module or a training run has no answer of a few numbers
        assert any(f"{name}(" in block for block in blocks), f"{unit}.{name} has no worked example that can be typed"
    for block in blocks:
        assert differences(block, {**vars(solutions.reference), "np": np}) == []


@pytest.mark.parametrize(
    ("want", "got", "is_alike"),
    [
        ("0.96", "0.9599", True),
        ("0.96", "0.9499", False),
        ("array([[1., 2.]])", "array([[1., 2. ]])", True),
        ("array([1., 2.])", "array([1., 3.])", False),
        ("(5.0, 4.0)", "(5.0, -4.0)", False),
        ("[1, 2]", "[1, 2, 3]", False),
    ],
)
def test_printed_digits_count(want, got, is_alike):
    assert alike(want, got) == is_alike


def test_a_wrong_number_in_a_handout_is_found():
    assert differences(">>> 2 * x\n4.0\n", {"x": 2.0}) == []
    assert differences(">>> 2 * x\n4.1\n", {"x": 2.0}) == ["2 * x gives 4.0, and the handout says 4.1"]
