"""`grade release nbgrader`: write a unit as the source of an nbgrader assignment, and the configuration to mark it."""

import ast
import json
from pathlib import Path

from grader.authoring.build import PUBLIC_SEED, write
from grader.authoring.handouts import points
from grader.authoring.notebooks import FORMAT, METADATA, cell_id, exercise_text, markdown_cells, setup_and_stubs
from grader.authoring.svg import pictures
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.reference_text import definitions
from grader.course.settings_text import to_toml
from grader.course.unit import Unit
from grader.errors import GraderError
from grader.files import cannot_write, kept_aside
from grader.key import to_bytes

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SETUP = "setup"  # grade_id of the locked cell with imports and given helpers
IMPORTS = "from grader.notebook import check"

CONFIG = """\
# Written by `grade release nbgrader`; what you add below the last line stays when it is written again.
import os

c = get_config()

c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = {course_id}
{exchange}
# Due dates come from the course.toml beside a notebook.
c.GenerateAssignment.preprocessors.append("grader.classroom.nbsteps.DueDate")
# A student's cell may take 30 seconds, a graded cell as long as the grader may take for a whole submission. A cell that
# ends the kernel is left out on the next try; locked cells that a student deleted are put back.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "grader.classroom.nbsteps.PutBack",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "grader.classroom.nbsteps.RunOn",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "grader.classroom.nbsteps.SaveComments",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.AssignLatePenalties.plugin_class = "grader.classroom.nbsteps.LatePolicy"
c.RunOn.graded_timeout = {graded_timeout}
# The course's own late policy, in percent for each day begun.
c.LatePolicy.penalty, c.LatePolicy.days, c.LatePolicy.grace_minutes = {late}
{last}
"""
LAST = "# Your own settings:"


def release(course: Course, to: Path, exchange: str = "") -> list[Path]:
    """Write `source/<unit>/` for each unit of a course and nbgrader_config.py; returns what was written.

    If a notebook there differs, for example because an instructor has edited it, a copy is kept in the course's own
    folder, from which nbgrader releases nothing. The course.toml beside a notebook lists its exercises, so that marking
    uses the same.
    """
    files: dict[Path, bytes] = {}
    for name in course.units:
        unit = course.solutions(name)
        folder = to / "source" / name
        files[folder / f"{name}.ipynb"] = source_notebook(unit).encode()
        files[folder / "key"] = to_bytes(compile_key(unit, PUBLIC_SEED))
        files[folder / "course.toml"] = to_toml(course.settings.of((name,))).encode()
    files[to / "nbgrader_config.py"] = configuration(course, to, exchange).encode()
    notebooks = [path for path in files if path.suffix == ".ipynb" and path.is_file()]
    kept = [_kept(path, to) for path in notebooks if path.read_bytes() != files[path]]
    for path, content in files.items():
        write(path, content)
    return [*kept, *files]


def _kept(path: Path, to: Path) -> Path:
    try:
        return kept_aside(path, ".bak", to / path.name)
    except OSError as error:
        raise cannot_write(f"a copy of {path}", error, "nothing was released") from None


def source_notebook(unit: Unit) -> str:
    """The instructor's notebook: for each exercise the reference in nbgrader's marks, a check and a graded cell."""
    setup, _ = setup_and_stubs(unit)
    drawn = pictures(unit)
    cells = [
        *markdown_cells("title", f"# {unit.title}\n\n{unit.introduction}", drawn),
        _code(SETUP, f"{IMPORTS}\n\n{setup.strip()}", locked=True),
    ]
    for name, exercise in unit.exercises.items():
        cells += markdown_cells(f"{name}-text", exercise_text(unit, name), drawn)
        cells += [_code(part, _marked(unit, part), solution=True) for part in unit.stubs_of(name)]
        cells.append(_code(f"{name}-check", f'check("{unit.name}.{name}")'))
        cells.append(_code(f"{name}-points", _graded(unit, name, exercise.points), grade=True, points=exercise.points))
    whole = {"cells": cells, "metadata": METADATA, **FORMAT}
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def configuration(course: Course, to: Path, exchange: str = "") -> str:
    """The text of nbgrader_config.py, including what an instructor has added to an earlier one."""
    path = to / "nbgrader_config.py"
    own = ""
    if path.exists():
        _, mark, own = path.read_text(encoding="utf-8").partition(f"\n{LAST}\n")
        if not mark:
            raise GraderError(
                f"{path} was not written by `grade release nbgrader`; move it away, or name another --course"
            )
    from grader.sandbox.walls.limits import Limits

    settings = course.settings
    late = settings.late
    seconds = settings.limits(Limits()).submission_seconds
    return (
        CONFIG.format(
            course_id=repr("".join(c if c.isalnum() else "_" for c in settings.title.lower())[:60]),
            exchange=f"c.Exchange.root = {str(Path(exchange).absolute())!r}\n" if exchange else "",
            graded_timeout=int(seconds) + 60,
            late=(late.penalty, late.days, late.grace_minutes),
            last=LAST,
        )
        + own
    )


def _marked(unit: Unit, name: str) -> str:
    """An exercise's reference with its body, and the private helpers that it uses, marked as the solution."""
    return unit.source(name).marked(BEGIN, END, "\n\n\n".join(_helpers(unit, name)))


def _helpers(unit: Unit, name: str) -> list[str]:
    """The texts of the reference's private functions and classes that an exercise uses, also indirectly, in order."""
    sources = definitions(unit.text)
    private = {other for other in sources if other.startswith("_") and other not in unit.written}
    found, waiting = set(), [name]
    while waiting:
        node = sources[waiting.pop()].node
        used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)} & private - found
        found |= used
        waiting += used
    return [source.body for other, source in sources.items() if other in found]


def _graded(unit: Unit, name: str, worth: int) -> str:
    return (
        f"# {points(worth)}. This cell belongs to the course: leave it as it is.\n"
        f'from grader.notebook import points\n\npoints("{unit.name}.{name}", {worth})'
    )


def _code(name: str, text: str, grade=False, locked=False, solution=False, **more) -> dict:
    """A code cell, with nbgrader's metadata (schema 3) if it is graded, locked or a solution."""
    marks = {
        "grade": grade,
        "grade_id": name,
        "locked": locked or grade,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id(name),
        "metadata": {"nbgrader": marks | more} if grade or locked or solution else {},
        "outputs": [],
        "source": text.strip("\n").splitlines(keepends=True),
    }
