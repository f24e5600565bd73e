"""Mark a folder for a platform: find the file of each expected unit, wherever it lies, and report on every unit.

The folder is a student's. Links in it are not followed, and only the files of the units are read.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from grader import submission
from grader.commands.check_setup import Setup
from grader.errors import GraderError
from grader.grading import grade
from grader.grading.judge import unasked
from grader.key import Key
from grader.report import Finding, Report, Status
from grader.sandbox.server import Sandbox
from grader.submission import Submission, SubmissionError

MAX_ENTRIES = 20_000  # files and folders looked at; a course with all its notebooks has a hundred
SUFFIXES = (".py", ".ipynb")


def report(folder: Path, key: Key, setup: Setup) -> Report:
    """The report for a unit that is expected in a folder.

    If there are a file and a notebook, the better one counts, because the other is often an untouched stub. Two files
    of one unit do not earn more than one.
    """
    files = find(folder, key.unit)
    if not files:
        finding = Finding("missing", f"there is no {key.unit}.py and no {key.unit}.ipynb in what was handed in")
        return refused(str(folder / f"{key.unit}.py"), key, setup.sandbox, Status.MISSING, finding)
    return max((_of_file(file, folder, key, setup) for file in files), key=lambda item: item.points)


def _of_file(file: Path, folder: Path, key: Key, setup: Setup) -> Report:
    try:
        handed_in = submission.read(file, with_helpers=True, root=folder)
    except SubmissionError as error:
        return refused(str(file), key, setup.sandbox, Status.UNREADABLE, Finding("exception", str(error)))
    return grade(handed_in, key, setup.sandbox, training=setup.training)


def refused(name: str, key: Key, sandbox: Sandbox, status: Status, finding: Finding) -> Report:
    """A report of 0 points for a file that is missing or cannot be read."""
    return Report(
        submission=name,
        sha256=Submission(name, b"").sha256,
        unit=key.unit,
        key=key.id,
        isolation=sandbox.level,
        seconds=0.0,
        exercises=tuple(unasked(exercise, key.unit, status, finding) for exercise in key.exercises),
    )


def find(folder: Path, unit: str) -> list[Path]:
    """A unit's files: those in the place where the course has them, else in the folder that is nearest to the top."""
    if not folder.is_dir():
        raise GraderError(f"{folder} is not a folder; --expect looks for a unit's file in one")
    places: dict[Path, list[Path]] = {}
    for file in _files(folder):
        if file.stem == unit and file.suffix in SUFFIXES:
            places.setdefault(file.parent, []).append(file)
    usual = folder / "assignments" / unit
    best = min(places, key=lambda place: (place != usual, len(place.parts), str(place)), default=None)
    return sorted(places[best], key=lambda file: SUFFIXES.index(file.suffix)) if best else []


def _files(folder: Path) -> Iterator[Path]:
    """Regular files below a folder, without those in hidden folders; links are left out."""
    seen = 0
    for place, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(folders) + len(files)
        if seen > MAX_ENTRIES:
            return
        for name in sorted(files):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path
