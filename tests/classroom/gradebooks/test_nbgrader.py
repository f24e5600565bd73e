"""With the real nbgrader: release, ten students, collect, mark both ways, export, feedback; every point where it belongs."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT, TOY, weekly

pytest.importorskip("nbgrader", reason="nbgrader is not installed; the extra `nbgrader` brings it")

import nbcourses
from nbcourses import environment, marked, nbgrader, quiet, submit
from nbgrader.api import Gradebook
from nbsubmissions import FEW, FULL, STUDENTS, handed_in

from grader.classroom.gradebooks.nbgrader import mark, record_of, write
from grader.classroom.intake.nbcollected import submissions
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.errors import GraderError
from grader.record import Outcome, Record
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits

STAMP = "2026-11-20 10:00:00 UTC"
BROKEN = "unreadable"  # an eleventh student, who hands in what is no notebook
TOTALS = {student.name: sum(student.points.values()) for student in STUDENTS}


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """An nbgrader course with the toy unit, released through an exchange."""
    listing = (TOY / "solutions" / "course.toml").read_text()
    settings = listing + "\n[limits]\nseconds = 2\n[late]\npenalty = 10\n"
    return nbcourses.released(tmp_path_factory.mktemp("nbgrader"), settings)


@pytest.fixture(scope="module")
def collected(released) -> Path:
    """Ten notebooks, put where `nbgrader submit` puts them, and collected; one more student handed in something else."""
    text = (released / "release" / "toy" / "toy.ipynb").read_text()
    everyone = {student.name: handed_in(student, text) for student in STUDENTS} | {BROKEN: '{"cells": [3'}
    for name, notebook in everyone.items():
        submit(released, name, notebook, STAMP)
    quiet(nbgrader("collect", "toy", cwd=released))
    assert len(list((released / "submitted").iterdir())) == 11
    return released


def only(collected: Path, names: Sequence[str], to: str) -> Path:
    """A copy of the collected course with the submissions of some students."""
    course = shutil.copytree(collected, collected.parent / to)
    for folder in (course / "submitted").iterdir():
        if folder.name not in names:
            shutil.rmtree(folder)
    return course


@pytest.fixture(scope="module", params=[FEW, weekly(tuple(TOTALS))], ids=["few", "all"])
def autograded(collected, request) -> Path:
    """Marked by `nbgrader autograde` itself; the notebook that is none is left out, as nbgrader has no way with it."""
    course = only(collected, request.param, f"auto-{len(request.param)}")
    done = nbgrader("autograde", "toy", cwd=course)
    assert done.returncode == 0, done.stderr
    return course


@pytest.fixture(scope="module")
def sealed(collected) -> tuple[Path, list[Record]]:
    """Marked in the sandbox, with a seed that no student knows."""
    course = shutil.copytree(collected, collected.parent / "sealed")
    key = compile_key(Course(TOY).solutions("toy"), 8315)
    with pytest.MonkeyPatch.context() as patch, Sandbox(Limits(seconds=2)) as sandbox:
        patch.setenv("PATH", environment()["PATH"])
        return course, list(mark(course, "toy", key, sandbox))


def points_in(course: Path) -> dict[str, dict[str, float]]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        rows = [
            grade for item in gradebook.assignment_submissions("toy") for nb in item.notebooks for grade in nb.grades
        ]
        found: dict[str, dict[str, float]] = {}
        for grade in rows:
            assert not grade.needs_manual_grade
            found.setdefault(grade.student.id, {})[grade.name.removesuffix("-points")] = grade.score
        return found


def exported(course: Path) -> dict[str, float]:
    quiet(nbgrader("export", "--to", "grades.csv", cwd=course))
    with open(course / "grades.csv", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def comments_in(course: Path, student: str) -> dict[str, str]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        (notebook,) = gradebook.find_submission("toy", student).notebooks
        return {comment.name: comment.comment or "" for comment in notebook.comments}


def test_a_released_notebook_validates_and_is_listed_without_a_warning(released):
    assert "Success! Your notebook passes all the tests." in quiet(
        nbgrader("validate", "source/toy/toy.ipynb", cwd=released)
    )
    assert "toy" in quiet(nbgrader("list", cwd=released))
    text = (released / "release" / "toy" / "toy.ipynb").read_text()
    assert "BEGIN SOLUTION" not in text
    assert "return x * factor" not in text
    assert text.count("raise NotImplementedError") == 3


def test_autograde_gives_each_student_the_points_that_are_due(autograded):
    names = {folder.name for folder in (autograded / "submitted").iterdir()}
    assert points_in(autograded) == {student.name: student.points for student in STUDENTS if student.name in names}
    assert exported(autograded) == {name: total for name, total in TOTALS.items() if name in names}


def test_the_sandbox_gives_each_student_the_points_that_are_due(sealed):
    course, records = sealed
    nothing = dict.fromkeys(FULL, 0)
    assert points_in(course) == {student.name: student.points for student in STUDENTS} | {BROKEN: nothing}
    assert exported(course) == TOTALS | {BROKEN: 0}
    assert {record.student: record.points for record in records} == TOTALS | {BROKEN: 0}
    assert [record.student for record in records if record.outcome is Outcome.UNREADABLE] == [BROKEN]


def test_what_was_odd_about_a_notebook_is_noted(sealed):
    notes = {record.student: record.note for record in sealed[1]}
    assert notes["perfect"] == notes["warns"] == ""
    assert "cell scale-points belongs to the course and was altered; it was put back" in notes["altered"]
    assert "cell setup belongs to the course and was altered" in notes["altered"]
    assert notes["deleted"].count("was deleted") == 3
    assert notes["duplicates"] == "cell scale is there more than once, and what is defined last counts"
    assert notes[BROKEN] == "toy.ipynb is no notebook that can be read (JSONDecodeError)"


def says_what_the_terminal_says(course: Path) -> None:
    words = comments_in(course, "partial")
    assert "multiplies by any factor" in words["scale"]
    assert "The factor is ignored: it is not always 2." in words["scale"]
    assert "3/4" in words["scale"]
    assert "✓ row_sums" in words["row_sums"]
    assert "no answer after 2 s" in comments_in(course, "endless")["mean_and_spread"]


def test_comments_of_autograde_say_what_the_terminal_says(autograded):
    says_what_the_terminal_says(autograded)


def test_comments_of_the_sandbox_say_what_the_terminal_says(sealed):
    says_what_the_terminal_says(sealed[0])


def test_every_student_gets_feedback_with_the_points_and_the_words(sealed):
    course, _ = sealed
    said = nbgrader("generate_feedback", "toy", cwd=course)
    assert said.returncode == 0, said.stderr
    pages = {path.parts[-3]: path.read_text() for path in (course / "feedback").glob("*/toy/toy.html")}
    assert set(pages) == {*TOTALS, BROKEN}
    assert "The factor is ignored: it is not always 2." in pages["partial"]
    assert "Score: 9.0 / 10.0" in pages["partial"]
    assert "no notebook that can be read" in pages[BROKEN]


def test_marking_again_changes_nothing_and_loses_nothing(sealed):
    course, records = sealed
    before = points_in(course)
    write(course, "toy", [record for record in records if record.student in ("partial", BROKEN)])
    assert points_in(course) == before


def test_an_absent_student_is_in_the_gradebook_with_no_submission(sealed, monkeypatch):
    course, _ = sealed
    write(course, "toy", [Record("absent", "toy", Outcome.ABSENT, 10)])
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        assert gradebook.find_student("absent").score == 0
        assert "absent" not in {item.student.id for item in gradebook.assignment_submissions("toy")}
        gradebook.remove_student("absent")


def test_a_forged_mark_does_not_reach_the_gradebook(sealed, toy_key, sandbox):
    """A notebook whose outputs claim full points is read for its code alone."""
    course, _ = sealed
    text = json.loads((course / "submitted" / "empty" / "toy" / "toy.ipynb").read_text())
    for cell in text["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "execute_result", "data": {"text/plain": "4.0"}, "metadata": {}, "execution_count": 1}
            ]
    folder = course / "submitted" / "empty" / "toy"
    (folder / "toy.ipynb").chmod(0o644)
    (folder / "toy.ipynb").write_text(json.dumps(text))
    (handed,) = (item for item in submissions(course, "toy") if item.student == "empty")
    record = record_of(handed, toy_key, sandbox)
    assert record.points == 0
    write(course, "toy", [record])
    assert points_in(course)["empty"] == dict.fromkeys(FULL, 0)


@pytest.mark.parametrize("names", [("partial", "deleted", "dead"), weekly(tuple(TOTALS))], ids=["few", "all"])
def test_the_command_marks_a_collected_course_and_marks_nothing_twice(collected, names):
    course = only(collected, [*names, BROKEN], f"command-{len(names)}")
    ours = collected.parent / "ours"
    done = marked(course, ours, "--seed", "5")
    assert done.returncode == 0, done.stderr
    assert f"{len(names) + 1} students, toy: {len(names)} to mark." in done.stderr
    assert f"{len(names)} graded, 1 unreadable" in done.stderr
    expected = {student.name: student.points for student in STUDENTS if student.name in names}
    expected[BROKEN] = dict.fromkeys(FULL, 0)
    assert points_in(course) == expected
    assert (course / "class.db").is_file()
    again = marked(course, ours, "--seed", "5")
    assert f"{len(names) + 1} students, toy: 0 to mark." in again.stderr
    assert points_in(course) == expected


def test_a_course_without_a_unit_is_told_what_to_type(sealed):
    course, _ = sealed
    command = [sys.executable, str(ROOT / "cli.py"), "class", "--nbgrader", str(course)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: name the unit: grade class --nbgrader {course} UNIT\n"


def test_no_course_and_no_assignment_are_one_sentence(collected, tmp_path):
    with pytest.raises(GraderError, match="is no nbgrader course"):
        list(submissions(tmp_path, "toy"))
    with pytest.raises(GraderError, match="run `nbgrader generate_assignment words`"):
        list(submissions(collected, "words"))


def test_an_instructors_own_settings_survive_a_second_release(released):
    command = [
        sys.executable,
        str(ROOT / "cli.py"),
        "release",
        "nbgrader",
        "toy",
        "--course",
        str(released),
        "--from",
        str(TOY),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert (released / "nbgrader_config.py").read_text().endswith("c.ExchangeCollect.check_owner = False\n")


def test_a_notebook_that_an_instructor_has_edited_is_kept(tmp_path):
    from grader.releases.nbcourse import release

    release(Course(TOY), tmp_path)
    edited = tmp_path / "source" / "toy" / "toy.ipynb"
    edited.write_text(mine := edited.read_text().replace("import numpy as np", "import numpy as np  # mine"))
    assert release(Course(TOY), tmp_path)[0] == tmp_path / "toy.ipynb.bak"
    assert (tmp_path / "toy.ipynb.bak").read_text() == mine
    release(Course(TOY), tmp_path)
    assert [path.name for path in tmp_path.glob("*.bak")] == ["toy.ipynb.bak"]
