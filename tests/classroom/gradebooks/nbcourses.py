"""nbgrader's own commands for tests, and its students' side: what `nbgrader submit` leaves in the exchange."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import warm
from conftest import ROOT, TOY


def environment() -> dict[str, str]:
    import alembic

    prefix = Path(alembic.__file__).parents[4]  # nbgrader calls `alembic` by name, and looks for its templates
    found = {"PATH": f"{prefix / 'bin'}:{os.environ['PATH']}", "JUPYTER_PATH": str(prefix / "share" / "jupyter")}
    return os.environ | found | {"PYTHONPATH": str(ROOT)}


def nbgrader(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return warm.run(warm.NBGRADER, arguments, cwd, environment())


def marked(course: Path, ours: Path, *options: str) -> subprocess.CompletedProcess:
    """`grade class` marks the toy unit of a collected course; `ours` is the grader's course."""
    words = ["class", "--nbgrader", course, "toy", "--course", ours, "--isolation", "process", "--jobs", "1", *options]
    late = ("nbgrader.api", "nbgrader.converters", "nbgrader.preprocessors")
    return warm.run(warm.GRADE, words, course, environment(), beside=late)


def quiet(done: subprocess.CompletedProcess) -> str:
    """What a command said, after it has done its work without a warning."""
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not [
        line for line in said.splitlines() if "INFO" not in line and ("WARN" in line.upper() or "ERROR" in line)
    ], said
    return said


def released(top: Path, settings: str, *configuration: str) -> Path:
    """An nbgrader course with the toy unit, by these settings, released through an exchange beside it."""
    shutil.copytree(TOY, top / "ours", ignore=shutil.ignore_patterns("__pycache__"))
    (top / "ours" / "solutions" / "course.toml").write_text(settings)
    (top / "exchange").mkdir(mode=0o777)
    (top / "exchange").chmod(0o777)
    arguments = ["release", "nbgrader", "toy", "--to", str(top / "c"), "--exchange", str(top / "exchange")]
    command = [sys.executable, str(ROOT / "cli.py"), *arguments, "--course", str(top / "ours")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with open(top / "c" / "nbgrader_config.py", "a") as file:
        file.writelines(f"{line}\n" for line in ("c.ExchangeCollect.check_owner = False", *configuration))
    quiet(nbgrader("generate_assignment", "toy", cwd=top / "c"))
    quiet(nbgrader("release_assignment", "toy", cwd=top / "c"))
    return top / "c"


def submit(course: Path, student: str, notebook: str, stamp: str) -> None:
    """Put a notebook where `nbgrader submit` puts it, in the exchange beside the course."""
    exchange = course.parent / "exchange"
    inbound = exchange / next(exchange.iterdir()).name / "inbound"
    folder = inbound / f"{student}+toy+{stamp}+{random.Random(student).randrange(10**9)}"
    folder.mkdir()
    (folder / "toy.ipynb").write_text(notebook)
    (folder / "timestamp.txt").write_text(stamp)
