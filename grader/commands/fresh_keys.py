"""A key drawn from a seed, given out only after its references have earned every point with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.errors import OurFault
from grader.key import Key

if TYPE_CHECKING:
    from grader.course.unit import Unit


def fresh_key(unit: "Unit", seed: int, only: Sequence[str]) -> Key:
    """A key for a seed and some of a unit's exercises, empty for all.

    OurFault where a reference does not earn every point with it: a broken exercise costs nobody anything.
    """
    from grader.authoring.proof import first_finding, report_on  # a student's run never loads what runs references
    from grader.compiling.compile import compile_key

    key = compile_key(unit, seed, only)
    for exercise in key.exercises:
        report = report_on(unit.pieces(exercise.name), exercise, unit, diagnoses=False)
        if report.points < exercise.points:
            why = first_finding(report)
            raise OurFault(
                f"{report.id} is broken: its own reference fails with seed {seed} ({why}); take another seed"
            )
    return key
