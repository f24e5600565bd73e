"""In a notebook: `check("attention.self_attention")` shows the report of what the session's cells define.

    from grader.notebook import check
    check("attention.self_attention")      # or check("attention"), the whole unit

    %load_ext grader
    %%grade attention.self_attention       # at the top of the cell that defines it

The code that is graded is the text of the cells that were run, latest definitions last; it runs in the sandbox, not in the
session, so that a cell that was deleted or changed since cannot help. `points` is what nbgrader's graded cells call.
"""

import ast
import atexit
import io
import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from grader.course.course import Course, find
from grader.course.settings import Settings
from grader.course.settings import load as load_settings
from grader.errors import CourseError, GraderError, OurFault
from grader.grading import grade
from grader.grading.training import ON_CPU, Training
from grader.judging.kinds.registry import is_run, known
from grader.key import Key, load, load_index
from grader.notebook.cell import Cell
from grader.report import Report, Status
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import Sandbox
from grader.submission import Submission, read

MARKING = ("autograde", "validate")  # what nbgrader says when it runs a notebook that lies in this folder
NAME = "this notebook"


class Shown:
    """A report as a notebook shows it: HTML, or the terminal's text where there is none.

    `within` is the number of the cell below which it stands already, in the place of a curve; at that cell's end it is not
    shown again.
    """

    def __init__(self, title: str, report: Report, within: int = 0):
        self.title, self.report, self.within = title, report, within

    def _ipython_display_(self) -> None:
        if not self.within or self.within != _shell().execution_count:
            raise NotImplementedError  # IPython goes on to the other forms

    def _repr_html_(self) -> str:
        from grader.render.html import fragment

        return _styled(fragment(self.report, self.title, prompt="!"))

    def __repr__(self) -> str:
        return plain(self.title, self.report)


def _styled(fragment: str) -> str:
    """A part of a page with its style. A notebook's own theme goes before the system's: JupyterLab says which it is on
    <body>, VS Code by a class."""
    from grader.render.html import DARK, LIGHT, STYLE

    themes = f"""
[data-jp-theme-light="true"] .grade-report, .vscode-light .grade-report {{ {LIGHT} }}
[data-jp-theme-light="false"] .grade-report, .vscode-dark .grade-report {{ {DARK} }}
"""
    return f"<style>{STYLE}{themes}</style>{fragment}"


def check(name: str, course: str | None = None) -> Shown | None:
    """Grade an exercise, or a unit, as the session's cells have it, and show what was found."""
    if os.environ.get("NBGRADER_EXECUTION") in MARKING:
        return None  # the graded cells say the same; once is enough
    place = _place(name, Path(course) if course else None)
    return _shown(place, _shell())


def _shown(place: "Place", shell: Any) -> Shown:
    """Grade, with the curve of what trains in the cell's output, and then the report in its place."""
    cell = Cell(_styled)
    runs = {exercise.name for exercise in place.key.exercises if is_run(exercise)}
    training = ON_CPU.watched(cell.watch)
    try:
        report = _graded(
            place, session_cells(shell), lambda name: cell.begins(name) if name in runs else None, training
        )
    except BaseException:  # an interrupt, too: the picture must not look as if it went on
        cell.stops()
        raise
    shown = Shown(place.key.title, report)
    if cell.ends(shown):
        shown.within = shell.execution_count
    return shown


def points(name: str, worth: float) -> float:
    """What an exercise earns in nbgrader: prints the report, returns the points, a float from 0 to `worth`.

    nbgrader reads the last value of the cell. It takes what is written on standard error for a failure, and a number
    above the cell's points ends the marking of the whole notebook: so nothing is written there, and the points are held.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = _place(name)
        if os.environ.get("NBGRADER_EXECUTION") in MARKING:
            report = _of_file(place)
        else:
            report = _graded(place, session_cells(_shell()))
    if any(exercise.status is Status.GRADER_ERROR for exercise in report.exercises):
        raise OurFault(f"the grader itself failed at {name}; the points are not settled, please report it")
    print(plain(place.key.title, report))
    share = report.points / report.max_points if report.max_points else 0.0
    return float(min(max(round(share * worth, 6), 0.0), worth))


def plain(title: str, report: Report) -> str:
    """The report in the terminal's words, without colours."""
    from grader.render.console import tame_console
    from grader.render.terminal import WIDTH, render

    out = io.StringIO()
    console = tame_console(file=out, width=WIDTH, force_jupyter=False, color_system=None)  # Jupyter's would write HTML
    render(report, title, console)
    return out.getvalue().rstrip()


def comment(text: str) -> str:
    """Of a plain report on one exercise, what stands as a comment beside its answer: no heading, no next step."""
    _, line, *details = text.split("\n\n")
    return "\n\n".join(details[:-1] or [line.strip()])


def register(shell) -> None:
    """Add `%%grade` to a shell of IPython."""

    def grade_cell(line: str, cell: str) -> Shown | None:
        ran = shell.run_cell(cell, store_history=False)
        if not ran.success:
            return None
        place = _place(line.strip())
        return _shown(place, shell)

    shell.register_magic_function(grade_cell, "cell", "grade")


@dataclass(frozen=True)
class Place:
    """The key that a name means here, the exercises of it that are asked for, and the settings that hold."""

    key: Key
    only: Sequence[str]
    settings: Settings | None


def _place(name: str, course: Path | None = None) -> Place:
    """Beside the notebook lies a key (an nbgrader assignment), or around it a course.

    Where nbgrader marks, the folder is a student's, into which nbgrader puts the key that was released; nothing else in it is
    asked. CourseError where that key is not there.
    """
    if not name:
        raise CourseError("name what to grade, for example %%grade attention.self_attention")
    unit, _, exercise = name.partition(".")
    here = Path.cwd()
    if course is None and (here / "key").is_file() and (index := load_index(here / "key")).unit == unit:
        if exercise and exercise not in index.names:
            raise CourseError(f"{unit} has no exercise {exercise!r}; it has {', '.join(index.names)}")
        listing = here / "course.toml"
        settings = load_settings(listing) if listing.is_file() else None
        only = [exercise] if exercise else []
        return Place(known(load(here / "key", only), str(here / "key")), only, settings)
    if course is None and os.environ.get("NBGRADER_EXECUTION") in MARKING:
        raise CourseError(f"there is no key of {unit} beside this notebook: release the assignment again")
    found = Course(course) if course else find(here)
    if found is None:
        raise CourseError('this is no course: open the notebook in its folder, or name it: check("…", course="DIR")')
    unit, exercise = found.resolve(name)
    only = [exercise] if exercise else []
    return Place(found.key(unit, only), only, found.settings)


def session_cells(shell) -> bytes:
    """The cells that a session has run, in order, as a notebook's bytes; those that define nothing are left empty."""
    from grader.sandbox.inside.notebook_lines import code_cells

    raw = ["", *shell.history_manager.input_hist_raw[1:]]
    latest = {text: number for number, text in enumerate(raw)}  # of a cell that was run twice, the last time counts
    kept = [text if latest[text] == number else "" for number, text in enumerate(raw)][1:]
    cells = [{"cell_type": "code", "metadata": {}, "source": text} for text in kept]
    read_back = code_cells(json.dumps({"cells": cells}))
    for cell, (_, lines) in zip(cells, read_back, strict=True):
        if not _defines("\n".join(lines)):
            cell["source"] = ""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _defines(text: str) -> bool:
    """Whether a cell binds a name; what does not parse was not run."""
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
    """The report on the notebook in this folder: all its exercises are graded at once, and this one is taken out."""
    whole = _report_on_file(place.key.unit)
    chosen = tuple(item for item in whole.exercises if not place.only or item.id.partition(".")[2] in place.only)
    return replace(whole, exercises=chosen)


@cache
def _report_on_file(unit: str) -> Report:
    place = _place(unit)
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
    """One for the session: it takes a moment to start."""
    sandbox = open_sandbox()
    atexit.register(sandbox.close)
    return sandbox


def _shell():
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
