"""What the engine's tests share: a toy unit, and a way to grade a few lines of a student's code."""

import gc
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

# What several rooms' tests share is imported by its module's name, whichever tests are run.
sys.path += sorted({str(path.parent) for path in Path(__file__).parent.rglob("test_*.py")})

import pytest
import warm
from nothing_left import *  # noqa: F403  fixtures
from nothing_left import KEPT
from postgres_server import postgres  # noqa: F401  a fixture

from grader.compiling.compile import compile_exercise, compile_key
from grader.course.course import Course
from grader.course.reference_text import stub_module
from grader.course.unit import Unit
from grader.files import locked
from grader.grading import grade
from grader.key import ExerciseKey, Key, to_bytes
from grader.report import ExerciseReport, Report
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "toy"
RIGHT = (TOY / "solutions" / "toy" / "toy.py").read_text(encoding="utf-8")

SEEDS = int(os.environ.get("GRADE_TEST_SEEDS", "1"))  # a full proof is `grade dev check`; the suite is its short form


def pytest_configure(config: pytest.Config) -> None:
    """Where pytest has as many processes as cores, the libraries of each get by with one thread."""
    if config.getoption("numprocesses", None):
        for library in ("OMP", "OPENBLAS", "MKL"):
            os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `grade` remembers between runs goes to a folder of the suite's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end; looking through them for garbage again and again takes an eighth of the time."""
    gc.freeze()


@pytest.fixture(scope="session")
def toy() -> Unit:
    return Course(TOY).solutions("toy")


@pytest.fixture(scope="session")
def toy_key(toy: Unit) -> Key:
    return compile_key(toy, 0)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(Limits(seconds=3)) as sandbox:
        KEPT.append(sandbox)
        yield sandbox


@pytest.fixture
def hurried(sandbox: Sandbox, monkeypatch) -> None:
    """The suite's sandbox waits a second for an exercise, in tests that wait to the end."""
    monkeypatch.setattr(sandbox, "limits", replace(sandbox.limits, seconds=1))


@pytest.fixture(scope="session")
def mark(toy_key: Key, sandbox: Sandbox) -> Callable[..., Report]:
    """Grade a source text (or bytes) against the toy unit."""

    def run(source: str | bytes, name: str = "toy.py") -> Report:
        content = source if isinstance(source, bytes) else source.encode()
        return grade(Submission(name, content), toy_key, sandbox)

    return run


@pytest.fixture
def toy_course(tmp_path: Path, toy_key: Key, toy: Unit) -> Path:
    """A student's folder of the toy course: stubs and keys, and the solutions that `--seed` needs."""
    root = tmp_path / "course"
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    folder = root / "assignments" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(root / "solutions" / "course.toml", root / "assignments" / "course.toml")
    (folder / "key").write_bytes(to_bytes(toy_key))
    (folder / "toy.py").write_text(stub_module(toy.text, list(toy.exercises)), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """What takes long to make is made once for all of pytest's processes: `once(name, make)` is what `make()` returned."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def made(name: str, make: Callable[[], Any]) -> Any:
        with locked(folder / f"{name}.lock"):
            path = folder / f"{name}.pickle"
            if not path.exists():
                path.write_bytes(pickle.dumps(make()))
            return pickle.loads(path.read_bytes())

    return made


@pytest.fixture
def run_grade() -> Callable[..., subprocess.CompletedProcess]:
    """`grade` as a process, with its words as text."""

    def run(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")} | env
        return warm.run(warm.GRADE, args, cwd, environment)

    return run


def weekly(*values: Any) -> Any:
    """Values of a parametrized fact that are tried once a week: what they prove, others of the same fact prove on every push."""
    return pytest.param(*values, marks=pytest.mark.weekly)


@cache
def public_key(unit: str) -> Key:
    """The key of a unit of the course that students have. It is read once by each of pytest's processes."""
    return Course(ROOT).key(unit)


@cache
def keys_of(unit: str, exercise: str) -> list[ExerciseKey]:
    """Of an exercise of the course, the key that students have; in a full proof those of other seeds, too."""
    solutions = Course(ROOT).solutions(unit)
    drawn = [compile_exercise(solutions, exercise, seed) for seed in range(1, SEEDS)]
    return [public_key(unit).exercise(exercise), *drawn]


def by_name(report: Report) -> dict[str, ExerciseReport]:
    return {exercise.id.partition(".")[2]: exercise for exercise in report.exercises}


def first_finding(exercise: ExerciseReport):
    return next(check.finding for check in exercise.checks if check.finding)
