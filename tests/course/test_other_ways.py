"""Another way to write an exercise is a rewrite with all that it uses, and nothing of an exercise that may be yet to be written."""

import pytest
from conftest import ROOT

from grader.course.other_ways import other_ways
from grader.course.reference_text import free_names
from grader.course.unit import Unit

UNITS = sorted(path.parent.name for path in (ROOT / "solutions").glob("*/rewrites.py"))
FILE = """import math
from functools import (
    partial,
)

import numpy as np

HALF, TWICE = 0.5, 2


def half(x):
    return x * HALF


@np.vectorize
def scale__with_helpers(x):
    return half(x) * TWICE


def row_sums__loop(x):
    return [math.fsum(row) for row in x]


def scale__by_sums(x):
    return row_sums__loop(x)
"""


def test_a_rewrite_comes_with_what_it_uses_and_none_with_another_exercises(tmp_path):
    (tmp_path / "rewrites.py").write_text(FILE)
    (found,) = other_ways(tmp_path, "scale").items()
    assert found[0] == "with helpers"
    assert found[1] == (
        "import numpy as np\n\nHALF, TWICE = 0.5, 2\n\n\ndef half(x):\n    return x * HALF\n\n\n"
        "@np.vectorize\ndef scale__with_helpers(x):\n    return half(x) * TWICE"
    )


def test_there_is_none_in_a_students_folder(tmp_path):
    assert other_ways(tmp_path, "scale") == {}


@pytest.mark.parametrize("unit", UNITS)
def test_every_way_of_the_course_can_be_run_as_it_is_shown(unit):
    """It needs no name that is not in it, and its definition is the rewrite that is proven to be right."""
    solutions = Unit(unit, ROOT / "solutions" / unit)
    shown = 0
    for name in solutions.exercises:
        for how, text in other_ways(solutions.folder, name).items():
            space = {}
            exec(compile(text, how, "exec"), space)
            assert f"{name}__{how.replace(' ', '_')}" in space
            free = set(free_names(text)) - set(space)
            assert free == set(), (name, how)
            shown += 1
    assert shown > len(solutions.exercises) / 2
