"""A collected nbgrader course marked by the sandbox: notebooks read as data, records written through nbgrader's own API.

Nothing of a student's runs in a kernel, and the gradebook is written by this side alone. `nbgrader autograde` gives honest
submissions the same points; of the two, only this one can be trusted with the others. What is written are the same rows
and files as nbgrader's: grades, comments, `autograded/`, late penalties, so that formgrader, export and feedback work on.
"""

import contextlib
import glob
import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.classroom.intake import HandIn, Intake
from grader.classroom.record import Outcome, Record
from grader.classroom.roster import Student
from grader.errors import GraderError
from grader.grading import grade
from grader.key import Key
from grader.notebook import comment, plain
from grader.report import Report
from grader.sandbox.notebooks import is_graded
from grader.sandbox.server import Sandbox
from grader.submission import Submission
from grader.text import one_line

MAX_NOTEBOOK = 32 << 20  # bytes, pictures in outputs among them; the code alone is held to a submission's limit
CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Handed:
    """What one student handed in for a unit: the code as a notebook's bytes, or None with the reason in the note."""

    student: str
    name: str
    sha256: str = ""
    code: bytes | None = None
    note: str = ""


def mark(folder: Path, unit: str, key: Key, sandbox: Sandbox) -> Iterator[Record]:
    """Grade everything under submitted/, one after another, and write each record into the gradebook."""
    for handed in submissions(folder, unit):
        record = record_of(handed, key, sandbox)
        write(folder, unit, [record], key.title)
        yield record


def take(folder: Path, unit: str, scratch: Path) -> Intake:
    """What was collected for a unit, as a class run takes it; the code that is graded lies in `scratch` meanwhile."""
    hand_ins = []
    for number, handed in enumerate(submissions(folder, unit)):
        file = scratch / f"{number}.ipynb" if handed.code is not None else None
        if file:
            file.write_bytes(handed.code)
        said = {"note" if file else "problem": handed.note}
        hand_ins.append(HandIn(handed.student, unit, handed.name, file, **said))
    return Intake(hand_ins, [Student(item.student) for item in hand_ins], [unit], [])


def submissions(folder: Path, unit: str) -> Iterator[Handed]:
    """What lies under submitted/ for a unit, by student; locked cells as the course wrote them."""
    sources = source_cells(folder, unit)
    for path in sorted((folder / "submitted").glob(f"*/{glob.escape(unit)}")):
        yield handed_in(path.parent.name, path / f"{unit}.ipynb", sources)


def handed_in(student: str, path: Path, sources: Mapping[str, Any]) -> Handed:
    name = f"{student}/{path.name}"
    try:
        if not path.is_file() or path.is_symlink():
            return Handed(student, name, note=f"{path.name} is not among the files that were handed in")
        if path.stat().st_size > MAX_NOTEBOOK:
            return Handed(student, name, note=f"{path.name} is larger than {MAX_NOTEBOOK >> 20} MB")
        content = path.read_bytes()
        code, notes = restored(content, sources)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Handed(student, name, note=f"{path.name} is no notebook that can be read ({type(error).__name__})")
    return Handed(student, name, hashlib.sha256(content).hexdigest(), code, "; ".join(notes))


def restored(content: bytes, sources: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """The code cells of a notebook without outputs, locked cells as they were given out; and a note on each oddity."""
    notes, seen, cells = [], [], []
    for cell in json.loads(content)["cells"]:
        name = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
        source = sources.get(name) if isinstance(name, str) else None
        text = "".join(cell["source"])
        if source is not None:
            if name in seen:
                notes.append(f"cell {name} is there more than once, and what is defined last counts")
            elif source.locked and text != source.source:
                notes.append(f"cell {name} belongs to the course and was altered; it was put back")
            seen.append(name)
            text = source.source if source.locked else text
        if cell["cell_type"] == "code":
            marks = {"nbgrader": cell["metadata"]["nbgrader"]} if source is not None else {}
            cells.append({"cell_type": "code", "metadata": marks, "source": text, "outputs": []})
    gone = [name for name in sources if name not in seen]
    notes += [f"cell {name} was deleted" for name in gone]
    first = [sources[name].source for name in gone if sources[name].locked and not name.endswith("-points")]
    cells = [{"cell_type": "code", "metadata": {}, "source": text, "outputs": []} for text in first] + cells
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode(), list(dict.fromkeys(notes))


def record_of(handed: Handed, key: Key, sandbox: Sandbox) -> Record:
    """Grade what one student handed in; its report names the file and the hash of what was handed in."""
    if handed.code is None:
        return Record(handed.student, key.unit, Outcome.UNREADABLE, key.max_points, note=handed.note)
    report = grade(Submission(handed.name, handed.code), key, sandbox)
    report = replace(report, sha256=handed.sha256)
    return Record(handed.student, key.unit, Outcome.GRADED, key.max_points, report, handed.note)


def source_cells(folder: Path, unit: str) -> dict[str, Any]:
    """The assignment's cells as they were given out, by grade_id; GraderError if nbgrader knows no such assignment."""
    from nbgrader.api import MissingEntry

    if not (folder / CONFIG).is_file():
        raise GraderError(f"{folder} is no nbgrader course: it has no {CONFIG}; make one with `grade release nbgrader`")
    with _gradebook(folder) as gradebook:
        try:
            cells = gradebook.find_notebook(unit, unit).source_cells
        except MissingEntry:
            raise GraderError(
                f"the gradebook has no assignment {unit}; run `nbgrader generate_assignment {unit}`"
            ) from None
        return {cell.name: Source(cell.name, cell.source or "", bool(cell.locked)) for cell in cells}


@dataclass(frozen=True)
class Source:
    """One cell of the assignment."""

    name: str
    source: str
    locked: bool


def write(folder: Path, unit: str, records: Iterable[Record], title: str = "") -> None:
    """Write records into nbgrader's gradebook and files. A record that is written again replaces what was there."""
    for record in records:
        if record.outcome is Outcome.ABSENT:
            with _gradebook(folder) as gradebook:
                gradebook.update_or_create_student(record.student)
        elif record.report is None or not _through_nbgrader(folder, unit, record, title):
            _by_hand(folder, unit, record, title)
        if record.outcome is not Outcome.ABSENT:
            _settle(folder, unit, record, title)


def _through_nbgrader(folder: Path, unit: str, record: Record, title: str) -> bool:
    """Let nbgrader take the notebook in, with our report in the place of what a kernel would have said."""
    from nbgrader.converters import Autograde
    from nbgrader.converters.base import NbGraderException

    config, coursedir = _course(folder)
    coursedir.assignment_id, coursedir.student_id = unit, glob.escape(record.student)
    converter = Autograde(coursedir=coursedir, config=config)
    converter.log = _quiet()
    converter.force = True

    def fill(nb, resources):
        _fill(nb, unit, record.report, title)
        return nb, resources

    steps = ("SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")
    converter.autograde_preprocessors = [fill, *(f"nbgrader.preprocessors.{step}" for step in steps)]
    try:
        with _calm():
            converter.start()
    except (NbGraderException, SystemExit):
        return False
    return True


def _fill(nb: Any, unit: str, report: Report | None, title: str) -> None:
    """Put the report where the graded cells' outputs are."""
    from nbformat.v4 import new_output

    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if not is_graded(cell):
            continue
        name = cell.metadata.nbgrader["grade_id"].removesuffix("-points")
        one = _only(report, f"{unit}.{name}")
        cell.execution_count = 1
        value = repr(_points(one, cell.metadata.nbgrader["points"]))
        text = plain(title or unit, one) if one else "it was not graded"
        cell.outputs = [
            new_output("stream", name="stdout", text=text + "\n"),
            new_output("execute_result", data={"text/plain": value}, metadata={}, execution_count=1),
        ]


def _settle(folder: Path, unit: str, record: Record, title: str) -> None:
    """Points and comments straight from the record: a row for each exercise, whatever became of its cells."""
    from nbgrader.api import MissingEntry

    from grader.classroom.nbsteps import fenced

    with _gradebook(folder) as gradebook:
        notebook = gradebook.find_notebook(unit, unit)
        for cell in notebook.grade_cells:
            one = _only(record.report, f"{unit}.{cell.name.removesuffix('-points')}")
            row = gradebook.find_grade(cell.name, unit, unit, record.student)
            row.auto_score = _points(one, cell.max_score)
            row.needs_manual_grade = row.manual_score is not None
        for number, cell in enumerate(notebook.solution_cells):
            one = _only(record.report, f"{unit}.{cell.name}")
            words = comment(plain(title or unit, one)) if one else ""
            odd = one_line(record.note, 1000) if record.note and number == 0 else ""
            with contextlib.suppress(MissingEntry):
                row = gradebook.find_comment(cell.name, unit, unit, record.student)
                row.auto_comment = "\n\n".join(filter(None, [fenced(odd), fenced(words)])) or None
        gradebook.db.commit()


def _by_hand(folder: Path, unit: str, record: Record, title: str) -> None:
    """Rows for what nbgrader cannot take in, and the empty assignment in `autograded/`, so that feedback can be given."""
    import nbformat

    _, coursedir = _course(folder)
    taken = folder / "submitted" / record.student / unit
    done = folder / "autograded" / record.student / unit
    with _gradebook(folder) as gradebook:
        gradebook.update_or_create_student(record.student)
        stamp = coursedir.get_existing_timestamp(str(taken)) if taken.is_dir() else None
        gradebook.update_or_create_submission(unit, record.student, **({"timestamp": stamp} if stamp else {}))
    empty = folder / "release" / unit / f"{unit}.ipynb"
    if not empty.is_file():
        return
    nb = nbformat.read(empty, as_version=4)
    _fill(nb, unit, record.report, title)
    done.mkdir(parents=True, exist_ok=True)
    target = done / f"{unit}.ipynb"
    target.unlink(missing_ok=True)
    nbformat.write(nb, target)
    if (taken / "timestamp.txt").is_file():
        shutil.copy(taken / "timestamp.txt", done / "timestamp.txt")


def _only(report: Report | None, exercise: str) -> Report | None:
    """The report on one exercise; None if there is none."""
    chosen = tuple(item for item in report.exercises if item.id == exercise) if report else ()
    return replace(report, exercises=chosen) if chosen else None


def _points(report: Report | None, worth: float) -> float:
    """What an exercise earns where nbgrader gives `worth` for it: a key's points may have changed since it was released."""
    share = report.points / report.max_points if report and report.max_points else 0.0
    return float(min(max(round(share * worth, 6), 0.0), worth))


def _course(folder: Path) -> tuple[Any, Any]:
    """(configuration, CourseDirectory) of an nbgrader course, from its own nbgrader_config.py."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader(CONFIG, path=str(folder.absolute())).load_config()
    coursedir = CourseDirectory(config=config)
    coursedir.root = str(folder.absolute())
    return config, coursedir


@contextlib.contextmanager
def _gradebook(folder: Path) -> Iterator[Any]:
    from nbgrader.api import Gradebook

    _, coursedir = _course(folder)
    with _calm(), Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        yield gradebook


@contextlib.contextmanager
def _calm() -> Iterator[None]:
    """SQLAlchemy warns of the order in which nbgrader adds its rows; they are all there in the end."""
    from sqlalchemy.exc import SAWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def _quiet() -> logging.Logger:
    """A log that nobody reads: what was odd is in the record's note, in our own words."""
    log = logging.getLogger("grader.nbgrader")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log
