"""What the engine's tests share: a toy unit, and a way to grade a few lines of a student's code."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import postgres  # noqa: F401  a fixture

from grader.compile import compile_key
from grader.course import Course
from grader.grading import grade
from grader.key import Key
from grader.report import ExerciseReport, Report
from grader.sandbox.limits import Limits
from grader.sandbox.server import Sandbox
from grader.submission import Submission
from grader.unit import Unit

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "toy"
RIGHT = (TOY / "solutions" / "toy" / "toy.py").read_text(encoding="utf-8")

SEEDS = int(os.environ.get("GRADE_TEST_SEEDS", "3"))  # a full proof is `grade dev check`; the suite is its short form


@pytest.fixture(scope="session")
def toy() -> Unit:
    return Course(TOY).solutions("toy")


@pytest.fixture(scope="session")
def toy_key(toy: Unit) -> Key:
    return compile_key(toy, 0)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(seconds=3)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def mark(toy_key: Key, sandbox: Sandbox) -> Callable[..., Report]:
    """Grade a source text (or bytes) against the toy unit."""

    def run(source: str | bytes, name: str = "toy.py") -> Report:
        content = source if isinstance(source, bytes) else source.encode()
        return grade(Submission(name, content), toy_key, sandbox)

    return run


def by_name(report: Report) -> dict[str, ExerciseReport]:
    return {exercise.id.partition(".")[2]: exercise for exercise in report.exercises}


def first_finding(exercise: ExerciseReport):
    return next(check.finding for check in exercise.checks if check.finding)
