"""What is handed in late, through the real nbgrader: due date and late policy of course.toml, marked both ways.

The gradebook is SQLite, and again PostgreSQL; the unit is given in parts.
"""

import csv
import json
import shutil
from pathlib import Path

import pytest
from conftest import weekly

pytest.importorskip("nbgrader", reason="nbgrader is not installed; the extra `nbgrader` brings it")

from nbcourses import environment, marked, nbgrader, quiet, released, submit
from nbgrader.api import Gradebook
from nbsubmissions import RIGHT, cell

SETTINGS = """
title = "Late"
units = ["toy"]
[exercises]
toy = ["scale", "mean_and_spread"]
[due]
toy = 2026-11-20T12:00:00+01:00
[late]
penalty = 10
days = 3
grace_minutes = 15
[limits]
seconds = 5
"""
PARTLY = "def scale(x, factor=2.0):\n    return x * 2.0"  # 3 of 4 points: any other factor is wrong
# when it was handed in (UTC; due at 11:00), how much of the 7 points it earns, and what of these the policy takes off
STUDENTS = {
    "graced": ("2026-11-20 11:15:00 UTC", 7, 0.0),
    "moment": ("2026-11-20 11:15:01 UTC", 7, 0.7),  # a day has begun: 10 percent
    "partly": ("2026-11-21 11:30:00 UTC", 6, 1.2),  # two days have begun: 20 percent of 6
    "beyond": ("2026-11-24 11:00:00 UTC", 7, 7.0),  # more than three days
}


def database(kind: str, request, name: str) -> str:
    """The address of a gradebook of its own, as nbgrader_config.py has it; empty for nbgrader's own choice."""
    if kind == "sqlite":
        return ""
    import psycopg

    server = request.getfixturevalue("postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("postgresql://", "postgresql+psycopg://").rpartition("/")[0] + f"/{name}"


def collected(course: Path) -> Path:
    text = (course / "release" / "toy" / "toy.ipynb").read_text()
    for name, (stamp, points, _) in STUDENTS.items():
        notebook = json.loads(text)
        cell(notebook, "scale")["source"] = RIGHT["scale"] if points == 7 else PARTLY
        cell(notebook, "mean_and_spread")["source"] = RIGHT["mean_and_spread"]
        submit(course, name, json.dumps(notebook), stamp)
    quiet(nbgrader("collect", "toy", cwd=course))
    return course


@pytest.fixture(scope="module", params=["sqlite", weekly("postgres")])
def course(request, tmp_path_factory) -> Path:
    """A course with four hand-ins, collected."""
    address = database(request.param, request, "late")
    lines = [f"c.CourseDirectory.db_url = {address!r}"] if address else []
    return collected(released(tmp_path_factory.mktemp("late"), SETTINGS, *lines))


def in_gradebook(course: Path) -> dict[str, tuple[float, float]]:
    """Points and penalty of each student, from the gradebook itself."""
    from grader.classroom.intake.nbbook import gradebook_of

    with gradebook_of(course) as book:
        return {
            item.student.id: (item.score, item.late_submission_penalty) for item in book.assignment_submissions("toy")
        }


def exported(course: Path) -> dict[str, dict[str, str]]:
    quiet(nbgrader("export", "--to", "grades.csv", cwd=course))
    with open(course / "grades.csv", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def forget_marks(course: Path) -> None:
    """As if nobody had marked: no submission in the gradebook, nothing in autograded/."""
    from grader.classroom.intake.nbbook import gradebook_of

    with gradebook_of(course) as book:
        for name in STUDENTS:
            book.remove_submission("toy", name)
    shutil.rmtree(course / "autograded", ignore_errors=True)


def is_right(course: Path) -> None:
    due = {name: (float(points), pytest.approx(lost)) for name, (_, points, lost) in STUDENTS.items()}
    assert in_gradebook(course) == due
    rows = exported(course)
    assert set(rows) == set(STUDENTS)
    for name, (stamp, points, lost) in STUDENTS.items():
        row = rows[name]
        assert (row["duedate"], row["timestamp"]) == ("2026-11-20 11:00:00", stamp.removesuffix(" UTC"))
        assert (float(row["raw_score"]), float(row["max_score"])) == (points, 7)
        assert float(row["late_submission_penalty"]) == pytest.approx(lost)
        assert float(row["score"]) == pytest.approx(points - lost)


def test_the_due_date_of_the_course_is_in_the_gradebook(course):
    from grader.classroom.intake.nbbook import gradebook_of

    with gradebook_of(course) as book:
        assert str(book.find_assignment("toy").duedate) == "2026-11-20 11:00:00"  # UTC
        assert book.find_assignment("toy").max_score == 7  # of the two exercises that were given out


def test_both_ways_to_mark_take_off_the_same(course):
    done = nbgrader("autograde", "toy", cwd=course)
    assert done.returncode == 0, done.stderr
    is_right(course)
    forget_marks(course)
    done = marked(course, course.parent / "ours", "--seed", "5", "--csv", str(course / "ours.csv"))
    assert done.returncode == 0, done.stderr
    is_right(course)
    with open(course / "ours.csv", newline="") as file:
        assert {row["student"]: int(row["points"] or 0) for row in csv.DictReader(file)} == {
            name: points for name, (_, points, _) in STUDENTS.items()
        }
    said = nbgrader("generate_feedback", "toy", cwd=course)
    assert said.returncode == 0, said.stderr
    page = (course / "feedback" / "partly" / "toy" / "toy.html").read_text()
    assert "The factor is ignored: it is not always 2." in page
    assert "Score: 4.8 / 7.0" in page  # nbgrader's own page has one number, the penalty taken off


def test_a_late_notebook_without_its_graded_cells_is_penalised_all_the_same(course):
    """Its points come from the record, after nbgrader has looked for them in vain; so must the penalty."""
    file = course / "submitted" / "moment" / "toy" / "toy.ipynb"
    notebook = json.loads(file.read_text())
    notebook["cells"] = [each for each in notebook["cells"] if "points" not in each["metadata"].get("nbgrader", {})]
    with pytest.raises(StopIteration):
        cell(notebook, "scale-points")
    file.chmod(0o644)
    file.write_text(json.dumps(notebook))
    done = marked(course, course.parent / "ours")
    assert done.returncode == 0, done.stderr
    assert "4 students, toy: 1 to mark." in done.stderr
    assert in_gradebook(course)["moment"] == (7.0, pytest.approx(0.7))


def test_a_gradebook_that_is_not_there_is_one_sentence_without_the_password(course):
    from grader.classroom.intake.nbbook import GradebookError, opened

    for url in ("postgresql://ada:hush@127.0.0.1:1/late", "nosuch://x", "sqlite:////nowhere/at/all.db"):
        with pytest.raises(GradebookError) as error, opened(url):
            pass
        assert "hush" not in str(error.value)
        assert "\n" not in str(error.value)
        assert "is its address right?" in str(error.value) or "is not installed" in str(error.value)


def test_an_older_gradebook_keeps_a_due_date_that_the_course_does_not_have(course, tmp_path):
    address = f"sqlite:///{tmp_path / 'g.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment()["PATH"])
        with Gradebook(address) as book:
            book.add_assignment("toy", duedate="2026-12-01 00:00:00 UTC")
    from nbformat.v4 import new_notebook

    from grader.classroom.nbsteps import DueDate

    resources = {"nbgrader": {"assignment": "toy", "db_url": address}, "metadata": {"path": str(tmp_path)}}
    DueDate().preprocess(new_notebook(), resources)
    with Gradebook(address) as book:
        assert str(book.find_assignment("toy").duedate) == "2026-12-01 00:00:00"


def test_what_a_person_decided_is_in_formgraders_gradebook_and_its_own_marks_stay(course):
    """An extension is nbgrader's own, points for the whole unit are final, and what is held or excused stays as it is."""
    from grader.classroom.gradebooks.nbgrader import write
    from grader.classroom.intake.nbbook import gradebook_of
    from grader.classroom.marking.counting import counted
    from grader.classroom.marking.decisions import decide
    from grader.classroom.marking.store import Store
    from grader.record import Decision, Kind

    done = marked(course, course.parent / "ours", "--seed", "5")
    assert done.returncode == 0, done.stderr
    decided = [
        ("moment", Kind.DUE, "2026-11-25T00:00:00Z", ""),
        ("partly", Kind.POINTS, "3.5", "scale"),
        ("beyond", Kind.POINTS, "3.5", ""),
    ]
    stay = [
        ("partly", Kind.HOLD, "", ""),
        ("partly", Kind.POINTS, "1", ""),
        ("graced", Kind.EXCUSE, "", ""),
        ("graced", Kind.POINTS, "1", ""),
    ]
    with pytest.MonkeyPatch.context() as patch, Store(str(course / "class.db")) as store:
        patch.setenv("PATH", environment()["PATH"])
        for those in (decided, stay):
            decide(store, [Decision(who, "toy", kind, value, part, "Ada", "seen") for who, kind, value, part in those])
            write(course, "toy", [record for record in counted(store) if record.student in {who for who, *_ in those}])
    found = in_gradebook(course)
    assert found["moment"] == (7, 0)
    assert found["partly"] == (6.5, pytest.approx(1.3))
    assert found["beyond"] == (pytest.approx(3.5), 0)
    assert found["graced"] == (7, 0)
    with gradebook_of(course) as book:
        (notebook,) = book.find_submission("toy", "partly").notebooks
        assert "3.5 points for toy.scale: decided by Ada (seen)" in str([one.comment for one in notebook.comments])
