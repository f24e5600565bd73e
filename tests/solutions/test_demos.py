"""A unit's demo runs with the references, and everything that it says it needs has a part in it."""

import pytest
from conftest import ROOT

from grader.course.course import Course
from grader.demos.playing import find, run
from grader.demos.shown import Printed, Stopped

COURSE = Course(ROOT)
DEMOS = {
    unit: find(unit, COURSE.solutions(unit).folder)
    for unit in COURSE.units
    if (COURSE.solutions(unit).folder / "demo").is_dir()
}
RECORDED = """

import functools
import sys


def _recorded(name, made):
    @functools.wraps(made, updated=())
    def used(*args, **named):
        if sys._getframe(1).f_code.co_filename.endswith("demo.py"):  # and not by another function of the reference
            with open({file!r}, "a") as file:
                file.write(name + "\\n")
        return made(*args, **named)

    return used


for _name in {needs!r}:
    globals()[_name] = _recorded(_name, globals()[_name])
"""


@pytest.mark.parametrize("unit", DEMOS)
def test_the_references_make_it_to_its_end_and_all_that_it_needs_has_a_part_in_it(unit, tmp_path):
    """What is shown is made by the student's own functions, each of them, and nothing is printed by the way."""
    pytest.importorskip("torch")
    demo, used = DEMOS[unit], tmp_path / "used"
    source = COURSE.solutions(unit).reference_file.read_text(encoding="utf-8")
    source += RECORDED.format(file=str(used), needs=demo.needs)
    found = list(run(demo, source.encode(), f"{unit}.py"))
    assert [piece for piece in found if isinstance(piece, Stopped | Printed)] == []
    assert len(found) > 3
    assert set(used.read_text(encoding="utf-8").split()) == set(demo.needs)
