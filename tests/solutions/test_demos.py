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
USES = [(unit, name) for unit, demo in DEMOS.items() for name in demo.needs]


@pytest.fixture(params=DEMOS)
def demo(request):
    pytest.importorskip("torch")
    return DEMOS[request.param]


def test_the_references_make_it_to_its_end_and_nothing_is_printed_by_the_way(demo):
    found = list(run(demo, COURSE.solutions(demo.unit).reference_file.read_bytes(), f"{demo.unit}.py"))
    assert len(found) > 3
    assert not [piece for piece in found if isinstance(piece, Stopped | Printed)]


@pytest.mark.parametrize(("unit", "name"), USES)
def test_what_it_needs_it_uses(unit, name):
    """What is shown is made by the student's own functions, each of them."""
    pytest.importorskip("torch")
    source = COURSE.solutions(unit).reference_file.read_text(encoding="utf-8")
    source += f"\n\ndef {name}(*args, **named):\n    raise RuntimeError('this one was used')\n"
    found = list(run(DEMOS[unit], source.encode(), f"{unit}.py"))
    assert "RuntimeError: this one was used" in [piece.why for piece in found if isinstance(piece, Stopped)]
