"""A class of made-up students, marked by the real engine: what pages are looked at with, and tests that need a class.

Each student has a strength, each exercise a difficulty; an answer is the reference, the reference with one of the
author's mistakes, a lazy answer, or the stub. A few hand in something hostile, a damaged file, or nothing.

    python tests/classroom/reading/make_class.py attention backprop --students 60 --seed 1 --to class.jsonl
"""

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course.course import Course
from grader.course.edited_text import mutate
from grader.course.reference_text import SourceError, definitions
from grader.course.unit import Unit
from grader.exercise import Edit
from grader.grading import grade
from grader.key import Key
from grader.record import Outcome, Record
from grader.report import Report, from_json, to_json
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = [
    "c04_exit_at_import",
    "d01_loop_in_the_call",
    "a12_import_by_a_split_name",
    "d13_flood",
    "d18_segfault",
    "e06_syntax_error",
    "a10_connection",
    "g02_exception",
]
FIRST = (
    "Aisha Amélie Anna Ben Bilal Chen Chiara Daniel Diego Elif Emma Farid Fatima Georg Hana Ingrid Ivan Jonas Julia "
    "Kenji Lea Leon Linh Luca Mara Marco Mei Mia Nadia Noah Olga Omar Paul Priya Rahel Sara Sofia Tariq Tomás Yuki"
)
LAST = (
    "Abebe Ahmadi Bauer Berg Costa Dubois Eriksson Fischer García Haddad Hoffmann Ito Jansen Kaya Keller Kim Kowalski "
    "Lindqvist López Meyer Moreau Müller Nakamura Nguyen Novak O’Brien Okafor Petrov Rossi Sato Schmidt Silva Singh "
    "Tanaka Thapa Vogel Wagner Wang Weber Yilmaz Zhang Zimmermann"
)
ODD_NAMES = [
    "<script>document.title='PWNED'</script>",
    "</script><img src=x onerror=\"document.title='PWNED'\">",
    "=HYPERLINK(\"http://example.invalid/?\"&A1)",
    "Robert'); DROP TABLE students;--",
    "\u202eesrever\u202c \x1b[31mred\x1b[0m \0nul",
    "a name that goes on and on " * 12,
]  # fmt: skip


@dataclass(frozen=True)
class Handed:
    """What one student handed in for one unit; `source` is None where nothing readable came."""

    student: str
    unit: str
    source: bytes | None
    outcome: Outcome = Outcome.GRADED
    note: str = ""


def names(count: int, rng: random.Random) -> list[str]:
    """Distinct names, without the odd ones."""
    found = [f"{last}, {first}" for last in LAST.split() for first in FIRST.split()]
    rng.shuffle(found)
    return sorted(found[:count])


def hand_in(unit: Unit, students: Sequence[str], seed: int) -> Iterator[Handed]:
    """What each student hands in for a unit."""
    strengths = random.Random(seed)
    rng = random.Random(f"{seed} {unit.name}")
    hardness = {
        name: rng.gauss(-1.6 + 1.6 * index / len(unit.exercises), 0.7) for index, name in enumerate(unit.exercises)
    }
    for student in students:
        strength = strengths.gauss(0, 1.2)
        chance = rng.random()
        if chance < 0.03:
            yield Handed(student, unit.name, None, Outcome.ABSENT)
        elif chance < 0.04:
            note = "the archive is damaged: its list of files ends early"
            yield Handed(student, unit.name, None, Outcome.UNREADABLE, note)
        elif chance < 0.08:
            yield Handed(student, unit.name, hostile(unit, rng.choice(HOSTILE)))
        else:
            note = "two files named after the unit; the newer one was taken" if rng.random() < 0.02 else ""
            yield Handed(student, unit.name, _file(unit, strength, hardness, rng), note=note)


def hostile(unit: Unit, name: str) -> bytes:
    """A hostile submission of the toy unit as one to this unit: its function takes the first exercise's name."""
    text = (ROOT / "tests" / "hostile" / f"{name}.py").read_text(encoding="utf-8")
    exercise = next(iter(unit.exercises))
    return re.sub(r"\brow_sums\b", exercise, re.sub(r"def row_sums\(\w+", "def row_sums(*X", text)).encode()


def _file(unit: Unit, strength: float, hardness: dict[str, float], rng: random.Random) -> bytes:
    text = unit.text
    stops = len(hardness) if rng.random() < 0.7 + 0.1 * strength else rng.randrange(len(hardness))
    for index, name in enumerate(unit.exercises):
        chance = rng.random()
        if index >= stops:
            text = _replaced(text, name, unit.source(name).stub)
        elif chance > 1 / (1 + 2.7 ** (hardness[name] - strength)):
            text = _wrong(text, unit, name, rng)
    return text.encode()


def _wrong(text: str, unit: Unit, name: str, rng: random.Random) -> str:
    edits = [mistake.wrong for mistake in unit.exercises[name].mistakes if isinstance(mistake.wrong, Edit)]
    if rng.random() < 0.15 or not edits:
        first = next(iter(unit.source(name).parameters), "self")
        lazy = rng.choice([f"return {first}", "return 0.0", f"return {first}.reshape(7, -1)"])
        return _replaced(text, name, unit.source(name).stub.replace("raise NotImplementedError", lazy))
    change = rng.choices(edits, [0.5**rank for rank in range(len(edits))])[0]  # the first is by far the commonest
    try:
        return mutate(text, name, change)
    except SourceError:  # a helper that was edited already
        return text


def _replaced(text: str, name: str, by: str) -> str:
    first, last = definitions(text)[name].span
    lines = text.split("\n")
    return "\n".join([*lines[: first - 1], by.rstrip("\n"), *lines[last:]])


def mark(handed: Sequence[Handed], keys: dict[str, Key], sandbox: Sandbox) -> list[Record]:
    """The records; equal files are marked once."""
    reports: dict[tuple[str, bytes], Report] = {}
    records = []
    for item in handed:
        key, report = keys[item.unit], None
        if item.source is not None:
            at = (item.unit, item.source)
            if at not in reports:
                reports[at] = grade(Submission(f"{item.unit}.py", item.source), key, sandbox)
            report = reports[at]
        most = sum(exercise.points for exercise in key.exercises)
        records.append(Record(item.student, item.unit, item.outcome, most, report, item.note))
    return records


def make_class(units: Sequence[str], students: Sequence[str], seed: int, seconds: float = 1.0) -> list[Record]:
    """A marked class over several units."""
    course = Course(ROOT)
    with Sandbox(Limits(seconds=seconds)) as sandbox:
        keys = {unit: course.key(unit) for unit in units}
        handed = [item for unit in units for item in hand_in(course.solutions(unit), students, seed)]
        return mark(handed, keys, sandbox)


def save(records: Sequence[Record], path: Path) -> None:
    """One line of JSON for each record."""
    lines = []
    for record in records:
        report = to_json(record.report) if record.report else None
        lines.append(json.dumps({**vars(record), "report": report}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(path: Path) -> list[Record]:
    """The records that `save` wrote."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        report = from_json(data["report"]) if data["report"] else None
        records.append(Record(**{**data, "outcome": Outcome(data["outcome"]), "report": report}))
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("units", nargs="+")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--odd", action="store_true", help="a few students have names that no page must obey")
    parser.add_argument("--to", type=Path, required=True)
    wanted = parser.parse_args()
    students = names(wanted.students, random.Random(wanted.seed)) + (ODD_NAMES if wanted.odd else [])
    save(make_class(wanted.units, students, wanted.seed), wanted.to)


if __name__ == "__main__":
    main()
