"""Hand-ins of real units for the benchmarks: references, rewrites and mistakes, with the points that each must get."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "web")]

from corpus import Sample, samples  # noqa: E402

from grader.authoring.proof import report_on  # noqa: E402
from grader.course.course import Course  # noqa: E402
from grader.course.unit import Unit  # noqa: E402
from grader.key import Key  # noqa: E402

PARTS = 3  # of a class's files, so many in turn are the reference: most of a class is right, and the rest has mistakes


@dataclass(frozen=True)
class HandIn:
    """A file, and the points that the exercises must get of which it has something else than the reference's answer."""

    source: str
    points: Mapping[str, int]


def unit_of(name: str) -> Unit:
    return Course(ROOT).solutions(name)


def hand_ins(unit: Unit, key: Key) -> list[HandIn]:
    """One after another: the reference, rewrites, mistakes. What each must get the judge alone says, in this process."""
    found = [_hand_in(unit, key, sample) for sample in [*samples(unit)][2:]]  # after reference and stub
    right = HandIn(unit.text, {})
    return [one for other in found for one in (right, other, *[right] * (PARTS - 2))]


def _hand_in(unit: Unit, key: Key, sample: Sample) -> HandIn:
    (name,), (answer,) = sample.exercises, sample.answers
    kind, _, which = answer.partition(" ")
    asked = key.exercise(name)
    is_wrong = kind == "mistake"
    return HandIn(
        sample.source, {name: report_on(unit.mistakes(name)[which], asked, unit).points if is_wrong else asked.points}
    )


def write(unit: Unit, chosen: list[HandIn], count: int, folder: Path) -> dict[str, HandIn]:
    """A class of so many students below a folder, by their names."""
    named = {f"s{number:05}": chosen[number % len(chosen)] for number in range(count)}
    for number, (student, one) in enumerate(named.items()):
        (folder / student).mkdir(parents=True)
        (folder / student / f"{unit.name}.py").write_text(f"# {number}\n{one.source}", encoding="utf-8")
    return named
