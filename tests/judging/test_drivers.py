"""A driver of a check's own: its questions go through it, all others as before; keys without one do not know of any."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import by_name, first_finding

from grader.authoring.key_changes import key_change
from grader.authoring.proof import prove
from grader.compiling.compile import compile_key
from grader.course.unit import Unit, UnitError
from grader.diagnosis.explain import explain
from grader.exercise import Exercise, agrees, reaches
from grader.grading import grade
from grader.key import _tree, from_bytes, to_bytes
from grader.submission import Submission

RIGHT = '''"""Walks: sums of random steps."""

import numpy as np


def walk(steps, rng):
    """Where a walk is after each of several normal steps.

    steps, rng -> places (steps,)
    """
    return np.cumsum(rng.standard_normal(steps))
'''
CHECKS = '''import numpy as np

from grader.exercise import Exercise, Mistake, agrees, bounded, edit, seeded


def of_equal_steps(student, steps):
    """-> places (steps,)"""

    class Ones:
        def standard_normal(self, size):
            return np.ones(size)

    return student(steps=steps, rng=Ones())


def mean_square(student, walks, steps, rng):
    """-> ratio (1,)"""
    ends = [student(steps=steps, rng=rng)[-1] for _ in range(walks)]
    return [np.mean(np.square(ends)) / steps]


def two_walks(student, steps, rng):
    """-> first (steps,), second (steps,)"""
    return student(steps=steps, rng=rng), student(steps=steps, rng=rng)


walk = Exercise(
    points=4,
    cases={
        "equal steps": lambda draw: dict(steps=7),
        "many walks": lambda draw: dict(walks=400, steps=20, rng=draw.generator()),
        "one walk": lambda draw: dict(steps=9, rng=draw.generator()),
    },
    checks=[
        agrees(1, "adds up its steps", on="equal steps", driver=of_equal_steps),
        # a mean of 400 squares: its standard deviation is √(2/400) = 0.07
        bounded(1, "goes as far as theory says", lambda i: [([0.5], [1.6])], on="many walks", driver=mean_square),
        seeded(1, "takes its steps from rng", on="one walk"),
        seeded(1, "takes the next ones from it, too", on="one walk", driver=two_walks),
    ],
    mistakes=[
        Mistake("half", "These steps are too short.", edit("rng.", "0.5 * rng.")),
        Mistake("apart", "The steps are not added up.", edit("np.cumsum(rng.standard_normal(steps))", "rng.standard_normal(steps)")),
        Mistake("own", "You draw from a generator of your own.", edit("rng.", "np.random.default_rng(3).")),
    ],
    hints=["What is asked?", "Look at the formula."],
)
'''
ORACLES = """import numpy as np


def walk(steps, rng):
    drawn = rng.standard_normal(steps)
    return np.array([drawn[: n + 1].sum() for n in range(steps)])


def of_equal_steps(steps):
    return np.arange(1.0, steps + 1)


def mean_square(walks, steps, rng):
    return [float((rng.standard_normal((walks, steps)).sum(axis=1) ** 2).mean() / steps)]


def two_walks(steps, rng):
    return walk(steps, rng), walk(steps, rng)
"""
REWRITES = """import numpy as np


def walk__step_by_step(steps, rng):
    places, place = [], 0.0
    for step in rng.standard_normal(steps):
        place += step
        places.append(place)
    return np.array(places)
"""


def written(folder, checks=CHECKS, oracles=ORACLES) -> Unit:
    texts = {"walks.py": RIGHT, "checks.py": checks, "oracles.py": oracles, "rewrites.py": REWRITES}
    for name, text in (texts | {"handout.md": "Walks.\n\n## walk\n\nWalk.\n"}).items():
        (folder / name).write_text(text, encoding="utf-8")
    return Unit("walks", folder)


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return written(tmp_path_factory.mktemp("walks"))


@pytest.fixture(scope="module")
def key(unit):
    return from_bytes(to_bytes(compile_key(unit, 7)))


def test_an_exercise_whose_checks_have_drivers_holds_every_rule(unit):
    assert prove(unit, "walk", range(2)).failures == []


def test_references_and_mistakes_go_through_it_and_the_key_carries_it(unit, key):
    exercise = key.exercise("walk")
    drivers = {check.claim: exercise.questions[check.groups[0][0]].driver for check in exercise.checks}
    assert [text.partition("(")[0] for text in drivers.values()] == [
        "def of_equal_steps",
        "def mean_square",
        "",
        "def two_walks",
    ]
    assert [check.returns for check in exercise.checks] == [["places"], ["ratio"], [], ["first", "second"]]
    (question,) = (each for each in exercise.questions if each.label == "equal steps")
    assert question.expected.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert question.mistakes["half"].tolist() == [0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert sum(each.label == "many walks" for each in exercise.questions) == 1  # nobody asks it without the driver
    assert unit.drivers("walk") == [text for text in drivers.values() if text]


@pytest.mark.parametrize(
    ("old", "new", "points", "words"),
    [
        ("rng.", "rng.", [1, 1, 1, 1], ""),
        ("rng.", "0.5 * rng.", [0, 0, 1, 1], "places[6] is 3.5, expected 7; all 7 entries differ (case: equal steps)"),
        ("rng.standard", "np.random.default_rng(len(str(rng))).standard", [0, 0, 0, 0], "places["),
        ("steps)", "steps - 1)", [0, 1, 0, 0], "places have shape (6,), expected (7,) (case: equal steps)"),
    ],
)
def test_each_question_is_asked_through_its_own_driver_in_the_worker(key, sandbox, old, new, points, words):
    head, body = RIGHT.rsplit("    return", 1)
    report = grade(Submission("walks.py", (head + "    return" + body.replace(old, new)).encode()), key, sandbox)
    exercise = by_name(report)["walk"]
    assert [check.points for check in exercise.checks] == points
    if words:
        assert first_finding(exercise).message.startswith(words)
    else:
        assert report.is_perfect


def test_a_finding_has_the_names_of_the_driver_s_shape_line(key, sandbox):
    text = RIGHT.replace("rng.standard", "0.5 * rng.standard")
    checks = by_name(grade(Submission("walks.py", text.encode()), key, sandbox))["walk"].checks
    assert checks[1].finding.message.startswith("ratio[0] is 0.2")
    assert {check.finding.mistake for check in checks if check.finding} == {"half"}


def test_a_key_without_drivers_of_checks_has_not_a_word_of_them(toy_key):
    for exercise in toy_key.exercises:
        assert all("driver" not in _tree(question) for question in exercise.questions)
        assert all("returns" not in _tree(check) for check in exercise.checks)


def test_another_driver_is_another_key(unit, key):
    exercise = key.exercise("walk")
    questions = [replace(each, driver=each.driver and each.driver + "\n") for each in exercise.questions]
    changed = replace(key, exercises=[replace(exercise, questions=questions)])
    assert key_change(key, key) == ""
    assert key_change(key, changed).endswith("its driver")


def test_what_a_driver_of_a_check_answers_is_not_explained_as_the_exercise_s(key):
    exercise = key.exercise("walk")
    (question,) = (each for each in exercise.questions if each.label == "equal steps")
    assert explain(exercise, [SimpleNamespace(question=question, answer=-question.expected, is_right=False)]) == ""


BROKEN = {
    "uses what it has not": ("return student(steps=steps, rng=Ones())", "return student(steps=SIZE, rng=Ones())", "uses SIZE, which it"),
    "is no function of the file": ("driver=of_equal_steps", "driver=lambda student, steps: None", "must be a function that this file"),
    "is no oracle's": ("of_equal_steps", "of_steps", "oracles.py has no of_steps"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), BROKEN.values(), ids=BROKEN)
def test_a_driver_that_does_not_fit_is_told_to_the_author(tmp_path, old, new, words):
    unit = written(tmp_path, CHECKS.replace(old, new))
    if "oracles" in words:
        assert any(words in failure for failure in prove(unit, "walk", range(1)).failures)
        return
    with pytest.raises(UnitError, match=words):
        compile_key(unit, 0)


def test_a_training_run_is_driven_once():
    checks = [reaches(1, "learns", "accuracy", at_least=1.0), agrees(1, "is right", driver=print)]
    with pytest.raises(ValueError, match="'is right' has a driver of its own, and a training run is driven once"):
        Exercise(points=2, cases={"a": dict}, checks=checks, mistakes=[], hints=[])
