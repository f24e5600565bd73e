"""nbgrader's own commands for tests, and its students' side: what `nbgrader submit` leaves in the exchange."""

import os
import random
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def environment() -> dict[str, str]:
    import alembic

    prefix = Path(alembic.__file__).parents[4]  # nbgrader calls `alembic` by name, and looks for its templates
    found = {"PATH": f"{prefix / 'bin'}:{os.environ['PATH']}", "JUPYTER_PATH": str(prefix / "share" / "jupyter")}
    return os.environ | found | {"PYTHONPATH": str(ROOT)}


def nbgrader(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, env=environment())


def quiet(done: subprocess.CompletedProcess) -> str:
    """What a command said, after it has done its work without a warning."""
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not [
        line for line in said.splitlines() if "INFO" not in line and ("WARN" in line.upper() or "ERROR" in line)
    ], said
    return said


def submit(course: Path, student: str, notebook: str, stamp: str) -> None:
    """Put a notebook where `nbgrader submit` puts it, in the exchange beside the course."""
    exchange = course.parent / "exchange"
    inbound = exchange / next(exchange.iterdir()).name / "inbound"
    folder = inbound / f"{student}+toy+{stamp}+{random.Random(student).randrange(10**9)}"
    folder.mkdir()
    (folder / "toy.ipynb").write_text(notebook)
    (folder / "timestamp.txt").write_text(stamp)
