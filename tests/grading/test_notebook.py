"""A notebook is graded like the file that its code cells make; all else in it is not read."""

import json

import pytest
from conftest import RIGHT, ROOT, by_name, first_finding, public_key, weekly

from grader.course.course import Course
from grader.grading import grade
from grader.grading.training import Training
from grader.submission import Submission


def notebook(*cells: str, **more) -> bytes:
    made = [
        {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None} for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more).encode()


def parts() -> list[str]:
    """The right file, a cell for each function, after a cell of imports."""
    head, *functions = RIGHT.split("\n\n\ndef ")
    return [head, *("def " + text for text in functions)]


def test_a_notebook_earns_what_its_code_earns(mark):
    assert mark(notebook(*parts()), "toy.ipynb").is_perfect


def test_magics_commands_and_questions_are_left_out(mark):
    cells = [
        "%matplotlib inline\n!pip install x\nnp?\n",
        "%%bash\nrm -rf x\n",
        *parts(),
        "%time row_sums(np.ones((2, 2)))",
    ]
    assert mark(notebook(*cells), "toy.ipynb").is_perfect


def test_scratch_cells_that_fail_cost_nothing(mark):
    assert mark(notebook("1/0", *parts(), "undefined + 1", "if True"), "toy.ipynb").is_perfect


def test_source_may_be_a_list_of_lines_and_other_cells_are_not_read(mark):
    made = json.loads(notebook(*parts()))
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    made["cells"].insert(0, {"cell_type": "markdown", "source": "import os; os._exit(0)", "metadata": {}})
    made["cells"][1]["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}}]
    assert mark(json.dumps(made).encode(), "toy.ipynb").is_perfect


def test_an_error_is_placed_by_cell_and_line(mark):
    cells = parts()
    cells[2] = cells[2].replace("return np.sum(x, axis=1)", "return np.sum(x, axis=1) + missing")
    report = by_name(mark(notebook(*cells), "toy.ipynb"))
    message = first_finding(report["row_sums"]).message
    assert "in code cell 3, line 6: `return np.sum(x, axis=1) + missing`" in message
    assert report["scale"].points == 4


def nbgrader_cell(source: str, **marks) -> dict:
    marks = {"grade": False, "solution": False, "locked": False, "schema_version": 3} | marks
    return {"cell_type": "code", "source": source, "metadata": {"nbgrader": marks}, "outputs": []}


def test_a_cell_that_nbgrader_grades_is_no_code_of_the_students(mark):
    made = json.loads(notebook(*parts()))
    made["cells"].append(
        nbgrader_cell("def scale(x, factor=2.0):\n    return 0", grade=True, locked=True, grade_id="a")
    )
    assert mark(json.dumps(made).encode(), "toy.ipynb").is_perfect


def test_of_two_cells_with_one_id_the_last_counts(mark):
    made = json.loads(notebook(*parts()))
    wrong, right = "def scale(x, factor=2.0):\n    return x", "def scale(x, factor=2.0):\n    return x * factor"
    made["cells"] += [nbgrader_cell(text, solution=True, grade_id="scale") for text in (wrong, right)]
    assert mark(json.dumps(made).encode(), "toy.ipynb").is_perfect
    made["cells"].reverse()
    assert by_name(mark(json.dumps(made).encode(), "toy.ipynb"))["scale"].points == 4


def test_a_timed_cell_is_code_and_what_it_prints_is_left_out(mark):
    head, *functions = parts()
    cells = [head, *(f"%%time\n{function}\nprint(nothing)\nnothing_else" for function in functions)]
    assert mark(notebook(*cells), "toy.ipynb").is_perfect


@pytest.mark.parametrize("nbgrader", [3, [], "x", {"grade": "yes"}, {"grade": True}])
def test_odd_metadata_never_breaks_the_reading(mark, nbgrader):
    made = json.loads(notebook(*parts()))
    made["cells"].append({"cell_type": "code", "source": "1", "metadata": {"nbgrader": nbgrader}, "outputs": []})
    report = mark(json.dumps(made).encode(), "toy.ipynb")
    assert report.is_perfect or {exercise.status for exercise in report.exercises} == {"unreadable"}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"3",
        b"[" * 100_000,
        b'{"cells": 1}',
        b'{"cells": [1]}',
        b'{"cells": [{"cell_type": "code"}]}',
        b'{"worksheets": []}',
    ],
)
def test_what_is_no_notebook_is_unreadable(mark, content):
    report = mark(content, "toy.ipynb")
    assert {exercise.status for exercise in report.exercises} == {"unreadable"}
    assert "not a notebook of format 4" in first_finding(report.exercises[0]).message


@pytest.mark.parametrize("trains", [False, weekly(True)])
@pytest.mark.parametrize("unit", Course(ROOT).units)
def test_the_notebook_of_a_unit_is_a_stub_and_can_be_solved(unit, trains, sandbox):
    course = Course(ROOT)
    content = course.assignment(unit).with_suffix(".ipynb").read_bytes()
    stub = grade(Submission(f"{unit}.ipynb", content), public_key(unit), sandbox)
    assert {exercise.status for exercise in stub.exercises} <= {"missing", "skipped"}
    assert stub.points == 0
    solved = json.loads(content)
    solved["cells"].append({"cell_type": "code", "source": course.solutions(unit).text, "metadata": {}, "outputs": []})
    submission = Submission(f"{unit}.ipynb", json.dumps(solved).encode())
    assert grade(submission, public_key(unit), sandbox, training=Training(trains)).is_perfect
