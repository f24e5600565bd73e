"""The range of losses that correct code has in a training run, over several seeds: the band behind a student's curve.

An author measures it once (`grade dev bands`); it is kept beside the solutions and copied into the key. It is only for
display: no verdict depends on it.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from grader.compiling.compile import compile_key
from grader.course.unit import BANDS, Unit, UnitError
from grader.files import cannot_write, write_whole
from grader.grading import grade
from grader.report import ExerciseReport, Status, Step
from grader.sandbox.server import Sandbox
from grader.submission import Submission

BINS = 32  # along a run: fine enough for bends, coarse enough that each bin has some steps of every seed
DIGITS = 4


def measure(unit: Unit, name: str, seeds: Sequence[int], sandbox: Sandbox) -> list[list[float]]:
    """Train the reference on seeds: rows of [share of the run, lowest loss, highest loss]; empty if it reports no loss.

    UnitError if the reference misses its bar.
    """
    curves = []
    for seed in seeds:
        (report,) = grade(
            Submission(f"{unit.name}.py", unit.text.encode()), compile_key(unit, seed, {name}), sandbox, [name]
        ).exercises
        if report.status is not Status.PASSED:
            raise UnitError(f"{unit.name}.{name}: the reference fails with seed {seed}: {_why(report)}")
        curves.append(report.curve)
    return band_of(curves)


def band_of(curves: Sequence[Sequence[Step]]) -> list[list[float]]:
    """The lowest and the highest loss of several curves in each of BINS sections."""
    bins: list[list[float]] = [[] for _ in range(BINS)]
    for curve in curves:
        total = max((step.total or step.step for step in curve), default=0)
        for step in curve:
            if total and math.isfinite(step.loss):
                bins[min(int(BINS * step.step / total), BINS - 1)].append(step.loss)
    return [
        [round((place + 0.5) / BINS, DIGITS), _rounded(min(losses)), _rounded(max(losses))]
        for place, losses in enumerate(bins)
        if losses
    ]


def write(unit: Unit, bands: dict[str, list[list[float]]]) -> Path:
    """Write bands beside the unit's solutions, one line for each run; those of other runs stay."""
    path = unit.folder / BANDS
    kept = {name: band for name, band in (unit.bands | bands).items() if band and name in unit.all_exercises}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(band)}" for name, band in sorted(kept.items()))
    try:
        write_whole(path, f"{{\n{lines}\n}}\n".encode())
    except OSError as error:
        raise cannot_write(path, error) from None
    return path


def _why(report: ExerciseReport) -> str:
    return next((check.finding.message for check in report.checks if check.finding), str(report.status))


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
