"""In a notebook, `check("attention.self_attention")` grades what the session's cells define and shows the report.

    from grader.notebook import check
    check("attention.self_attention")      # or check("attention"), the whole unit

    %load_ext grader
    %%grade attention.self_attention       # at the top of the cell that defines it

    from grader.notebook import explain, hint

The graded code is the text of the cells that were run, in order. It runs in the sandbox, not in the session, so a value
that only lives in the session does not count. nbgrader's graded cells call `points`.
"""

import ast
import atexit
import io
import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from grader.course.course import Course, find
from grader.course.settings import Settings
from grader.course.settings_file import load as load_settings
from grader.errors import CourseError, GraderError, OurFault
from grader.frozen import frozen
from grader.grading import grade
from grader.grading.training import ON_CPU, Training
from grader.judging.kinds.registry import is_run, known
from grader.key import Key, load, load_index
from grader.notebook.cell import Cell
from grader.notebook.styled import styled
from grader.report import Report, Status
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import Sandbox
from grader.submission import Submission, read

MARKING = ("autograde", "validate")  # NBGRADER_EXECUTION while nbgrader runs the notebook
NAME = "this notebook"


class Shown:
    """A report for display in a notebook: HTML, or plain text in a front end without HTML.

    `within` is the number of the cell whose output shows it already, in the place of a loss curve; it is not shown
    again at that cell's end.
    """

    def __init__(self, title: str, report: Report, within: int = 0):
        self.title, self.report, self.within = title, report, within

    def _ipython_display_(self) -> None:
        if not self.within or self.within != session_shell().execution_count:
            raise NotImplementedError  # makes IPython try the other forms

    def _repr_html_(self) -> str:
        from grader.render.html import fragment

        return styled(fragment(self.report, self.title, prompt="!"))

    def __repr__(self) -> str:
        return plain(self.title, self.report)


def check(name: str, course: str | None = None) -> Shown | None:
    """Grade an exercise or a unit as the session's cells define it, and show the report.

    `check("attention.self_attention")` grades one exercise, `check("attention")` the whole unit. `course` is the folder
    of the course, by default the one around the notebook.
    """
    if os.environ.get("NBGRADER_EXECUTION") in MARKING:
        return None  # the graded cells show the same
    place = place_of(name, Path(course) if course else None)
    return _shown(place, session_shell())


def _shown(place: "Place", shell: Any) -> Shown:
    """Grade, showing the loss curve of a training run in the cell's output and finally the report in its place."""
    cell = Cell(styled)
    runs = {exercise.name for exercise in place.key.exercises if is_run(exercise)}
    training = ON_CPU.watched(cell.watch)
    try:
        report = _graded(
            place, session_cells(shell), lambda name: cell.begins(name) if name in runs else None, training
        )
    except BaseException:  # also after an interrupt, the picture must not look as if training went on
        cell.stops()
        raise
    shown = Shown(place.key.title, report)
    if cell.ends(shown):
        shown.within = shell.execution_count
    return shown


def points(name: str, worth: float) -> float:
    """For nbgrader's graded cells: prints the report of an exercise and returns its points, a float from 0 to `worth`.

    `points("attention.self_attention", 6)` is the last line of such a cell; nbgrader reads its value. nbgrader treats
    output on standard error as a failure, and a number above the cell's points ends the marking of the whole notebook,
    so nothing is written to standard error and the points are clamped.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = place_of(name)
        if os.environ.get("NBGRADER_EXECUTION") in MARKING:
            report = _of_file(place)
        else:
            report = _graded(place, session_cells(session_shell()))
    if any(exercise.status is Status.GRADER_ERROR for exercise in report.exercises):
        raise OurFault(f"the grader itself failed at {name}; the points are not settled, please report it")
    print(plain(place.key.title, report))
    share = report.points / report.max_points if report.max_points else 0.0
    return float(min(max(round(share * worth, 6), 0.0), worth))


def plain(title: str, report: Report) -> str:
    """The report as the terminal shows it, without colours."""
    from grader.render.console import tame_console
    from grader.render.terminal import WIDTH, render

    out = io.StringIO()
    console = tame_console(file=out, width=WIDTH, force_jupyter=False, color_system=None)  # Jupyter's would write HTML
    render(report, title, console)
    return out.getvalue().rstrip()


def comment(text: str) -> str:
    """The part of a plain report on one exercise that serves as a comment on it: without heading and next step."""
    _, line, *details = text.split("\n\n")
    return "\n\n".join(details[:-1] or [line.strip()])


def register(shell) -> None:
    """Add the `%%grade` magic to an IPython shell."""

    def grade_cell(line: str, cell: str) -> Shown | None:
        ran = shell.run_cell(cell, store_history=False)
        if not ran.success:
            return None
        place = place_of(line.strip())
        return _shown(place, shell)

    shell.register_magic_function(grade_cell, "cell", "grade")


@frozen
class Place:
    """What a name stands for here: the key, the exercises that are asked for, the course's settings and folder."""

    key: Key
    only: Sequence[str]
    settings: Settings | None
    root: Path  # the course's folder, or the assignment's


def place_of(name: str, course: Path | None = None) -> Place:
    """Find the key for a name: beside the notebook (an nbgrader assignment), or in the course around it.

    While nbgrader marks, the folder is a student's, into which nbgrader has put the released key; nothing else in it is
    used. CourseError if there is no key.
    """
    if not name:
        raise CourseError("name what to grade, for example %%grade attention.self_attention")
    unit, _, exercise = name.partition(".")
    here = Path.cwd()
    index = load_index(here / "key") if course is None and (here / "key").is_file() else None
    if index and name in index.names:
        unit, exercise = index.unit, name
    if index and index.unit == unit:
        if exercise and exercise not in index.names:
            raise CourseError(f"{unit} has no exercise {exercise!r}; it has {', '.join(index.names)}")
        listing = here / "course.toml"
        settings = load_settings(listing) if listing.is_file() else None
        only = [exercise] if exercise else []
        return Place(known(load(here / "key", only), str(here / "key")), only, settings, here)
    if course is None and os.environ.get("NBGRADER_EXECUTION") in MARKING:
        raise CourseError(f"there is no key of {unit} beside this notebook: release the assignment again")
    found = Course(course) if course else find(here)
    if found is None:
        raise CourseError('this is no course: open the notebook in its folder, or name it: check("…", course="DIR")')
    unit, exercise = found.resolve(name)
    only = [exercise] if exercise else []
    return Place(found.key(unit, only), only, found.settings, found.root)


def session_cells(shell) -> bytes:
    """The cells that a session has run, in order, as a notebook's bytes; cells that define nothing are left empty."""
    from grader.sandbox.inside.notebook_lines import code_cells

    raw = ["", *shell.history_manager.input_hist_raw[1:]]
    latest = {text: number for number, text in enumerate(raw)}  # if a cell was run twice, the last run counts
    kept = [text if latest[text] == number else "" for number, text in enumerate(raw)][1:]
    cells = [{"cell_type": "code", "metadata": {}, "source": text} for text in kept]
    read_back = code_cells(json.dumps({"cells": cells}))
    for cell, (_, lines) in zip(cells, read_back, strict=True):
        if not _defines("\n".join(lines)):
            cell["source"] = ""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _defines(text: str) -> bool:
    """Whether a cell binds a name; False if it does not parse, since it cannot have run."""
    from grader.sandbox.inside.reading import bound_names

    try:
        return any(bound_names(node) for node in ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _graded(
    place: Place, cells: bytes, progress: Callable[[str], None] = lambda name: None, training: Training = ON_CPU
) -> Report:
    sandbox = _sandbox()
    if place.settings:
        sandbox.limits = place.settings.limits(sandbox.limits)
    report = grade(Submission(f"{NAME}.ipynb", cells), place.key, sandbox, place.only, progress, training)
    return replace(report, submission=NAME)


def _of_file(place: Place) -> Report:
    """The asked-for part of the report on the notebook in this folder, whose exercises are all graded together."""
    whole = _report_on_file(place.key.unit)
    chosen = tuple(item for item in whole.exercises if not place.only or item.id.partition(".")[2] in place.only)
    return replace(whole, exercises=chosen)


@cache
def _report_on_file(unit: str) -> Report:
    place = place_of(unit)
    sandbox = _sandbox()
    if place.settings:
        sandbox.limits = place.settings.limits(sandbox.limits)
    file = Path.cwd() / f"{unit}.ipynb"
    if not file.is_file():
        raise GraderError(f"there is no {unit}.ipynb here; nbgrader's graded cells expect the notebook under that name")
    taken = read(file)
    return grade(Submission(file.name, taken.source), place.key, sandbox)


@cache
def _sandbox() -> Sandbox:
    """The session's sandbox, which is started once because that takes a moment."""
    sandbox = open_sandbox()
    atexit.register(sandbox.close)
    return sandbox


def session_shell():
    try:
        from IPython import get_ipython
    except ImportError:
        get_ipython = None
    shell = get_ipython() if get_ipython else None
    if shell is None:
        raise GraderError(
            "check() works in a notebook; in a terminal type `grade`, in a script call grader.grading.grade"
        )
    return shell
