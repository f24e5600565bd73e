"""Mark a collected nbgrader course in the sandbox: notebooks are read as data, marks go in through nbgrader's own API.

No student's code runs in a kernel, and only the grader writes into the gradebook. `nbgrader autograde` gives honest
submissions the same points, but only this way is safe against dishonest ones. It writes the same rows and files as
nbgrader (grades, comments, `autograded/`, late penalties), so that formgrader, export and feedback work as usual.
"""

import contextlib
import glob
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.classroom.gradebooks.by_hand import for_student
from grader.classroom.intake.nbbook import calm, course_of, gradebook_of, quiet, utc
from grader.classroom.intake.nbcollected import Handed, submissions
from grader.files import cannot_write, write_whole
from grader.grading import grade
from grader.key import Key
from grader.notebook.magics import comment, plain
from grader.record import Kind, Outcome, Record
from grader.report import Report
from grader.sandbox.inside.notebook_lines import is_graded
from grader.sandbox.server import Sandbox
from grader.submission import Submission
from grader.text import one_line


def mark(folder: Path, unit: str, key: Key, sandbox: Sandbox) -> Iterator[Record]:
    """Grade everything under submitted/ in turn, write each record into the gradebook, and yield it."""
    for handed in submissions(folder, unit):
        record = record_of(handed, key, sandbox)
        write(folder, unit, [record], key.title)
        yield record


def record_of(handed: Handed, key: Key, sandbox: Sandbox) -> Record:
    """Grade what one student handed in; the report gives the name and the hash of the original file."""
    if handed.code is None:
        return Record(handed.student, key.unit, Outcome.UNREADABLE, key.max_points, note=handed.note)
    report = grade(Submission(handed.name, handed.code), key, sandbox)
    report = replace(report, sha256=handed.sha256)
    return Record(handed.student, key.unit, Outcome.GRADED, key.max_points, report, handed.note)


def write(folder: Path, unit: str, records: Iterable[Record], title: str = "") -> None:
    """Write records into nbgrader's gradebook and files; a record replaces an earlier one.

    What is held or excused is left as it is.
    """
    for record in records:
        if record.is_held or record.is_excused or (record.outcome is Outcome.ABSENT and not record.is_by_hand):
            with gradebook_of(folder) as gradebook:
                gradebook.update_or_create_student(record.student)
            continue
        if record.report is None or not _through_nbgrader(folder, unit, record, title):
            _by_hand(folder, unit, record, title)
        _settle(folder, unit, record, title)
        _penalise(folder, unit, record)


def _through_nbgrader(folder: Path, unit: str, record: Record, title: str) -> bool:
    """Let nbgrader process the notebook, with our report instead of the output of a kernel."""
    from nbgrader.converters import Autograde
    from nbgrader.converters.base import NbGraderException

    config, coursedir = course_of(folder)
    coursedir.assignment_id, coursedir.student_id = unit, glob.escape(record.student)
    converter = Autograde(coursedir=coursedir, config=config)
    converter.log = quiet()
    converter.force = True

    def fill(nb, resources):
        _fill(nb, unit, record.report, title)
        return nb, resources

    steps = ("SaveAutoGrades", "CheckCellMetadata")
    converter.autograde_preprocessors = [fill, *(f"nbgrader.preprocessors.{step}" for step in steps)]
    try:
        with calm():
            converter.start()
    except (NbGraderException, SystemExit):
        return False
    return True


def _fill(nb: Any, unit: str, report: Report | None, title: str) -> None:
    """Put the report into the outputs of the graded cells."""
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
    """Write points and comments directly from the record: a row for each exercise, even if its cells are missing."""
    from nbgrader.api import MissingEntry

    from grader.classroom.nbsteps import fenced

    with gradebook_of(folder) as gradebook:
        notebook = gradebook.find_notebook(unit, unit)
        for cell in notebook.grade_cells:
            name = f"{unit}.{cell.name.removesuffix('-points')}"
            row = gradebook.find_grade(cell.name, unit, unit, record.student)
            row.auto_score = _counted(record, name, cell.max_score)
            row.needs_manual_grade = row.manual_score is not None
        for number, cell in enumerate(notebook.solution_cells):
            one = _only(record.report, f"{unit}.{cell.name}")
            words = comment(plain(title or unit, one)) if one else ""
            odd = _said(record) if number == 0 else ""
            with contextlib.suppress(MissingEntry):
                row = gradebook.find_comment(cell.name, unit, unit, record.student)
                row.auto_comment = "\n\n".join(filter(None, [fenced(odd), fenced(words)])) or None
        gradebook.db.commit()


def _penalise(folder: Path, unit: str, record: Record) -> None:
    """Set the late penalty for the current points, with the plug-in that the course's configuration names.

    A student's own due date is nbgrader's extension. Points by hand for the whole unit are final.
    """
    from nbformat.v4 import new_notebook
    from nbgrader.preprocessors import AssignLatePenalties

    student = record.student
    own = next((one.value for one in record.decided if one.kind is Kind.DUE), "")
    with gradebook_of(folder) as gradebook:
        submission = gradebook.find_submission(unit, student)
        if own and record.due and (due := submission.assignment.duedate):  # else it is formgrader's own, and stays
            submission.extension = utc(datetime.fromisoformat(record.due)) - due
            gradebook.db.commit()
    config, coursedir = course_of(folder)
    step = AssignLatePenalties(config=config)
    step.log = quiet()
    marks = {"notebook": unit, "assignment": unit, "student": student, "db_url": coursedir.db_url}
    with calm():
        step.preprocess(new_notebook(), {"nbgrader": marks})
    if record.whole_by_hand is not None:
        with gradebook_of(folder) as gradebook:
            gradebook.find_submission_notebook(unit, unit, student).late_submission_penalty = None
            gradebook.db.commit()


def _by_hand(folder: Path, unit: str, record: Record, title: str) -> None:
    """Write rows for what nbgrader cannot process, and an empty assignment in `autograded/`, so that feedback works."""
    import nbformat

    _, coursedir = course_of(folder)
    taken = folder / "submitted" / record.student / unit
    done = folder / "autograded" / record.student / unit
    with gradebook_of(folder) as gradebook:
        gradebook.update_or_create_student(record.student)
        stamp = coursedir.get_existing_timestamp(str(taken)) if taken.is_dir() else None
        gradebook.update_or_create_submission(unit, record.student, **({"timestamp": stamp} if stamp else {}))
    empty = folder / "release" / unit / f"{unit}.ipynb"
    if not empty.is_file():
        return
    nb = nbformat.read(empty, as_version=4)
    _fill(nb, unit, record.report, title)
    try:
        done.mkdir(parents=True, exist_ok=True)
        write_whole(done / f"{unit}.ipynb", (nbformat.writes(nb) + "\n").encode())
        if (taken / "timestamp.txt").is_file():
            write_whole(done / "timestamp.txt", (taken / "timestamp.txt").read_bytes())
    except OSError as error:
        raise cannot_write(done, error) from None


def _only(report: Report | None, exercise: str) -> Report | None:
    """The report on one exercise; None if there is none."""
    chosen = tuple(item for item in report.exercises if item.id == exercise) if report else ()
    return replace(report, exercises=chosen) if chosen else None


def _said(record: Record) -> str:
    """What is odd about a record, and what people decided about it."""
    return one_line("; ".join([*filter(None, [record.note]), *map(for_student, record.decided)]), 1000)


def _counted(record: Record, exercise: str, worth: float) -> float:
    """The points that count for an exercise: a person's where there are some, a whole unit's in equal shares of each."""
    if record.whole_by_hand is not None:
        return round(float(record.whole_by_hand) / record.max_points * worth, 6) if record.max_points else 0.0
    report, points = _only(record.report, exercise), record.by_exercise().get(exercise, 0.0)
    return round(points / report.max_points * worth, 6) if report and report.max_points else float(points)


def _points(report: Report | None, worth: float) -> float:
    """An exercise's points scaled to `worth`, since the points in the key may have changed after the release."""
    share = report.points / report.max_points if report and report.max_points else 0.0
    return float(min(max(round(share * worth, 6), 0.0), worth))
