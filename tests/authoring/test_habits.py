"""A table of every exercise and every habit that makes it wrong: no row in which nothing is said.

python -m pytest tests/authoring/test_habits.py -m '' -s -k every     prints it whole
"""

import random
from collections.abc import Iterator

import pytest
from conftest import ROOT, public_key, weekly

from grader.authoring.habits import Row, row, table, variants
from grader.course.course import Course
from grader.grading import grade
from grader.judging.kinds.registry import is_run
from grader.sandbox.server import Sandbox
from grader.submission import Submission

COURSE = Course(ROOT)
EXERCISES = [
    (unit, exercise.name)
    for unit in ("linear_algebra", "probability", "neural_networks", "optimization")
    for exercise in public_key(unit).exercises
]
SAMPLE = random.Random(17).sample(EXERCISES, 12)


def rows(unit: str, names: list[str], sandbox: Sandbox) -> Iterator[Row]:
    key, written = public_key(unit), COURSE.solutions(unit)
    for name in names:
        for variant in variants(written, name, key.exercise(name)):
            handed_in = Submission(f"{unit}.py", variant.text.encode())
            yield row(grade(handed_in, key, sandbox, [name]).exercises[0], variant)


@pytest.mark.parametrize(("unit", "name"), SAMPLE)
def test_a_habit_is_told(unit, name, sandbox):
    found = list(rows(unit, [name], sandbox))
    assert found
    assert [each for each in found if each.fault] == []


@pytest.mark.parametrize("unit", [weekly(unit) for unit in COURSE.units])
def test_every_habit_of_every_exercise_is_told(unit, sandbox):
    found = list(rows(unit, [each.name for each in public_key(unit).exercises if not is_run(each)], sandbox))
    print(table(found))
    assert len(found) >= 2 * len({each.exercise for each in found}) - 2
    assert [each for each in found if each.fault] == []


def test_a_row_in_which_nothing_is_said_is_seen(sandbox, toy, toy_key):
    """A wrong function of no habit at all, against which words of a habit are held."""
    variant = next(each for each in variants(toy, "scale", toy_key.exercise("scale")) if each.habit == "in place")
    silent = variant.text.replace("it *= 2", "pass").replace("it += 1", "pass")
    report = grade(Submission("toy.py", silent.encode()), toy_key, sandbox, ["scale"]).exercises[0]
    assert row(report, variant).fault == "keeps every point"
