"""What is right on the CPU is right on another device: references and rewrites of PyTorch exercises, judged there.

GRADE_DEVICE names the device, such as `cuda`; `tests/on_gpu.sh` sets it. Without it there is nothing to ask.
"""

import os

import pytest
from conftest import ROOT, keys_of

from grader.authoring.answers import by_name
from grader.compiling.in_process import in_process
from grader.course.course import Course
from grader.grading.judge import judge
from grader.report import Status

DEVICE = os.environ.get("GRADE_DEVICE", "")
COURSE = Course(ROOT)
TORCH = [
    (unit, name)
    for unit in COURSE.units
    for name, exercise in COURSE.solutions(unit).exercises.items()
    if exercise.torch and not exercise.is_run
]
pytestmark = pytest.mark.skipif(not DEVICE, reason="GRADE_DEVICE names no device")


@pytest.mark.parametrize(("unit", "name"), TORCH)
def test_the_reference_and_its_rewrites_earn_every_point_on_the_device(unit, name):
    solutions, (key, *_) = COURSE.solutions(unit), keys_of(unit, name)
    written = {"the reference": solutions.pieces(name)}
    written |= {how: by_name(rewrite, key) for how, rewrite in solutions.rewritten(name).items()}
    for how, pieces in written.items():
        report = judge(key, in_process(pieces, key, DEVICE), unit)
        wrong = [check.finding.message for check in report.checks if check.finding]
        assert (report.status, wrong) == (Status.PASSED, []), how
