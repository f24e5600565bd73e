"""Grades a submission for Classroom 50: runs in the student's checkout, writes ./result.json, ends with 0 if grading ran.

The grader, its versions and the keys are this bundle's; nothing but the expected units' files is read from the checkout.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BUNDLE = Path(__file__).resolve().parent
UNITS = "@@UNITS@@"  # with spaces between
TORCH_FIRST, TORCH = "@@TORCH_FIRST@@", "@@TORCH@@"  # of what pip installs, empty where no exercise takes PyTorch


def main() -> int:
    """Install the grader in an environment of its own, grade, leave result.json; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="grader-", dir=os.environ.get("RUNNER_TEMP")) as folder:
        return _graded(Path(folder))


def _graded(place: Path) -> int:
    # -I and a place outside the checkout: no module of the student's can stand in for one of Python's
    subprocess.run([sys.executable, "-I", "-m", "venv", str(place)], cwd=place, check=True)
    wheel = next(BUNDLE.glob("deep_grade-*.whl"))
    pip = [str(place / "bin" / "pip"), "--quiet", "--disable-pip-version-check", "install", *INDEX]
    if TORCH_FIRST:
        subprocess.run([*pip, *TORCH_FIRST.split()], cwd=place, check=True)
    subprocess.run([*pip, "-c", str(BUNDLE / "constraints.txt"), str(wheel), *TORCH.split()], cwd=place, check=True)
    expected = [word for unit in UNITS.split() for word in ("--expect", unit)]
    result = Path("result.json").absolute()
    if result.is_symlink() or result.exists():  # what a student has put there is not a result
        result.unlink()
    command = [str(place / "bin" / "grade"), ".", *expected, "--course", str(BUNDLE), "--isolation", "@@ISOLATION@@"]
    command += ["--format", "github", "--fail-under", "0", "--also", f"classroom50={result}"]
    return subprocess.run(command, env=os.environ | {"SUBMITTED_AT": submitted_at()}).returncode


def submitted_at() -> str:
    """When the graded commit was made, in UTC; empty where that cannot be told."""
    told = ["git", "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"]
    done = subprocess.run(told, env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True)
    return done.stdout.strip()


INDEX = sys.argv[1:]  # for an air-gapped runner: --no-index --find-links FOLDER

if __name__ == "__main__":
    sys.exit(main())
