"""course.toml: what an instructor decides is read, held to, and refused with one clear sentence."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import ROOT, TOY
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.build import plan
from grader.authoring.newcourse import UNIT, new_course
from grader.authoring.proof import prove
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.late_policy import Late
from grader.course.settings import Settings
from grader.course.settings_file import SettingsError, load, parse
from grader.course.settings_text import to_toml
from grader.course.unit import Unit, UnitError, shared
from grader.errors import GraderError
from grader.grading import grade
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission, read

FULL = """
title = "A course"
units = ["toy", "words"]
install = "pip install --user deep-grade"
[needs]
words = ["toy"]
[builds_on.words]
count = ["toy.scale", "halves"]
halves = ["toy.scale"]
[points]
"toy.scale" = 8
words.count = 2
[due]
toy = 2026-11-20T23:59:00+01:00
words = 2026-12-01
[late]
penalty = 10
days = 3
grace_minutes = 15
[packages]
toy = ["numpy", "scipy"]
[limits]
seconds = 2.5
submission_seconds = 30
memory_mb = 512
"""


def test_everything_is_read_and_comes_back_from_its_own_text():
    settings = parse(FULL)
    assert settings.points == {"toy.scale": 8, "words.count": 2}
    assert settings.due["toy"] == datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    assert settings.due["words"] == datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)
    assert settings.packages == {"toy": ("numpy", "scipy")}
    assert settings.needs == {"words": ("toy",)}
    assert settings.builds_on == {"words.count": ("toy.scale", "words.halves"), "words.halves": ("toy.scale",)}
    limits = settings.limits(Limits())
    assert (limits.seconds, limits.submission_seconds, limits.memory) == (2.5, 30, 512 << 20)
    assert limits.open_files == Limits().open_files
    assert parse(to_toml(settings)) == settings


def test_what_is_left_out_is_the_engines_own():
    settings = parse('units = ["toy"]')
    assert settings.limits(Limits()) == Limits()
    assert settings.late.kept(1e9) == 1.0
    assert parse(to_toml(settings)) == settings


def test_an_exercise_s_links_go_both_ways_and_end_with_what_is_released():
    settings = parse(FULL)
    assert settings.links("words.halves") == {"Builds on": ["toy.scale"], "Leads to": ["words.count"]}
    assert settings.links("toy.scale") == {"Leads to": ["words.count", "words.halves"]}
    assert settings.links("toy.row_sums") == {}
    assert settings.of(("words",)).builds_on == {"words.count": ("words.halves",)}
    part = replace(settings, exercises={"words": ("halves",)}).of(settings.units)
    assert part.builds_on == {"words.halves": ("toy.scale",)}


def test_some_units_settings_name_no_other_unit():
    assert to_toml(parse(FULL).of(("words",))).count("toy") == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('units = ["a", "b"]\n[needs]\nb = "a"', 'needs.b must be a list of units, for example ["a"]'),
        ('units = ["a", "b"]\n[needs]\na = ["b"]', "needs.a names 'b', which is not before it in units"),
        ('units = ["a", "b"]\n[needs]\nb = ["b"]', "needs.b names 'b', which is not before it in units"),
        ('units = ["able", "b"]\n[needs]\nb = ["abel"]', "needs.b names 'abel', which is no unit; did you mean able?"),
        ('units = ["a", "b"]\n[needs]\nc = ["a"]', "needs names 'c', which is no unit"),
        ('units = ["a"]\n[builds_on.a]\nf = "g"', 'builds_on.a.f must be a list of exercises, for example ["softmax"]'),
        (
            'units = ["a"]\n[builds_on]\nf = ["g"]',
            "builds_on names 'f'; write [builds_on.UNIT] and the exercise below it",
        ),
        ('units = ["a", "b"]\n[builds_on.a]\nf = ["b.g"]', "names 'b.g', which is no exercise before it"),
        ('units = ["a"]\n[builds_on.a]\nf = ["f"]', "names 'a.f', which is no exercise before it"),
        ('units = ["able"]\n[builds_on.able]\nf = ["abel.g"]', "which is no exercise before it; did you mean able?"),
        ("units = 3", 'needs a line like units = ["attention"]'),
        ("title = 'x'", 'needs a line like units = ["attention"]'),
        ("units = [", "is not TOML"),
        ('units = ["a", "a"]', "lists 'a' twice"),
        ('units = ["../a"]', "cannot be a unit's name"),
        ('units = ["toy"]\ntitel = "x"', "unknown entry titel; did you mean title?"),
        ('units = ["toy"]\n[limits]\nsecond = 3', "unknown entry limits.second; did you mean limits.seconds?"),
        ('units = ["toy"]\n[limits]\nseconds = 0', "limits.seconds must be a number from 0.1 up, and it is 0"),
        ('units = ["toy"]\n[limits]\nseconds = true', "limits.seconds must be a number"),
        ('units = ["toy"]\n[limits]\nmemory_mb = 1', "limits.memory_mb must be a whole number from 64 up, and it is 1"),
        ('units = ["toy"]\n[late]\npenalty = 200', "late.penalty must be a number from 0 to 100, and it is 200"),
        ('units = ["toy"]\n[points]\n"toy.scale" = 0', "points of toy.scale must be a whole number from 1 to 1000"),
        ('units = ["toy"]\n[points]\n"toi.scale" = 1', 'write it as "UNIT.EXERCISE"'),
        ('units = ["toy"]\n[points]\ntoy = 1', 'write it as "UNIT.EXERCISE"'),
        ('units = ["toy"]\n[due]\ntoi = 2026-11-20', "due names 'toi', which is no unit; did you mean toy?"),
        ('units = ["toy"]\n[due]\ntoy = "tomorrow"', "due.toy must be a date or a moment"),
        (
            'units = ["toy"]\n[packages]\ntoy = "numpy"',
            'packages.toy must be a list of packages, for example ["numpy"]',
        ),
        (
            'units = ["toy"]\n[packages]\ntoy = ["numpy", "jaxx"]',
            "packages.toy has 'jaxx', which no worker can load; did you mean jax?",
        ),
        (
            'units = ["toy"]\n[packages]\ntoy = ["polars"]',
            "packages.toy has 'polars', which no worker can load; there is numpy, torch, jax",
        ),
        ('units = ["toy"]\nlate = 3', "late must be a table; write [late] on a line of its own"),
    ],
)
def test_what_does_not_make_sense_is_refused_by_name(text, words):
    with pytest.raises(SettingsError) as error:
        parse(text, "x/course.toml")
    assert str(error.value).startswith("x/course.toml")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_courses_own_files_are_read():
    for folder in ("assignments", "solutions"):
        assert len(load(ROOT / folder / "course.toml").units) >= 10


def test_late_points_go_by_the_days_begun():
    late = Late(penalty=10, days=2, grace_minutes=15)
    day = timedelta(days=1).total_seconds()
    assert [late.kept(seconds) for seconds in (-5, 0, 15 * 60)] == [1, 1, 1]
    assert late.kept(15 * 60 + 1) == pytest.approx(0.9)
    assert late.kept(1.5 * day) == pytest.approx(0.8)
    assert late.kept(2.5 * day) == 0


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 60))
def test_points_are_shared_whole_and_in_proportion(weights, more):
    total = len(weights) + more
    parts = shared(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 1
    assert shared(sum(weights), weights) == weights
    heavier = [(a, b) for a in range(len(weights)) for b in range(len(weights)) if weights[a] > weights[b]]
    assert all(parts[a] >= parts[b] for a, b in heavier)


def test_an_exercise_is_worth_what_the_course_says(sandbox):
    unit = Unit("toy", TOY / "solutions" / "toy", points={"scale": 8})
    key = compile_key(unit, 0)
    assert [check.points for check in key.exercise("scale").checks] == [4, 2, 2]
    report = grade(Submission("toy.py", unit.text.encode()), key, sandbox)
    assert (report.points, report.max_points) == (14, 14)
    assert b"8 points" in plan(unit)["README.md"]


def test_too_few_points_for_its_checks_and_unknown_exercises_are_refused():
    with pytest.raises(UnitError, match=r"gives toy.scale 2 points, and it has 3 checks"):
        compile_key(Unit("toy", TOY / "solutions" / "toy", points={"scale": 2}), 0)
    with pytest.raises(UnitError, match=r"gives points to toy.skale, which is no exercise"):
        compile_key(Unit("toy", TOY / "solutions" / "toy", points={"skale": 2}), 0)


def test_a_unit_may_import_what_the_course_allows():
    assert compile_key(Unit("toy", TOY / "solutions" / "toy", packages=("math",)), 0).allows == ["math"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


def test_a_course_from_nothing_builds_is_proven_and_grades(tmp_path, sandbox):
    folder = tmp_path / "My second course"
    written = new_course(folder)
    assert {path.name for path in written} >= {"course.toml", f"{UNIT}.py", f"{UNIT}.ipynb", "key", "README.md"}
    course = Course(folder)
    assert course.settings == Settings("My second course", (UNIT,))
    proof = prove(course.solutions(UNIT), "centre", range(5))
    assert not proof.failures
    key = course.key(UNIT)
    assert grade(read(folder / "solutions" / UNIT / f"{UNIT}.py"), key, sandbox).is_perfect
    assert grade(read(course.assignment(UNIT)), key, sandbox).points == 0


def test_its_command_says_what_to_do_next_and_writes_over_nothing(tmp_path):
    done = run("dev", "course", "second", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("It works: cd second, then grade, grade dev check, grade dev new UNIT.EXERCISE\n")
    graded = run(cwd=tmp_path / "second")
    assert graded.returncode == 1
    assert "first_steps" in graded.stdout
    again = run("dev", "course", "second", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "Error: second exists and is not empty; choose another name\n")


def test_limits_of_the_course_hold_and_the_command_line_goes_before_them(tmp_path):
    new_course(tmp_path / "course")
    listing = tmp_path / "course" / "solutions" / "course.toml"
    listing.write_text(listing.read_text() + "\n[limits]\nseconds = 0.7\n")
    (tmp_path / "first_steps.py").write_text("def centre(x):\n    while True:\n        pass\n")
    graded = run("first_steps.py", "--course", "course", cwd=tmp_path)
    assert "no answer after 0.7 s" in graded.stdout
    graded = run("first_steps.py", "--course", "course", "--timeout", "0.4", cwd=tmp_path)
    assert "no answer after 0.4 s" in graded.stdout


def test_a_broken_course_file_is_one_sentence(tmp_path):
    new_course(tmp_path / "course")
    (tmp_path / "course" / "solutions" / "course.toml").write_text("units = []\nlimits = 1\n")
    graded = run(cwd=tmp_path / "course")
    assert graded.returncode == 2
    assert graded.stderr.count("\n") == 1
    assert "limits must be a table" in graded.stderr


def test_bad_names_make_no_course(tmp_path):
    with pytest.raises(GraderError, match="cannot be a course's name"):
        new_course(tmp_path / '"x"')
