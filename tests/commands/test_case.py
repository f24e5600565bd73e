"""`grade case`: the failing case in words of Python, or in its debugger."""

import re
import subprocess
import sys

import pytest
from conftest import RIGHT


@pytest.fixture
def wrong(toy_course):
    """A student's folder in which `scale` adds, `row_sums` raises and the rest is right."""
    file = toy_course / "assignments" / "toy" / "toy.py"
    text = RIGHT.replace("x * factor", "x + factor")
    file.write_text(re.sub(r"return np\.sum\(.*\)", "return x.no_such_thing", text), encoding="utf-8")
    return toy_course


def test_the_first_case_that_fails_is_shown_and_runs(wrong, run_grade):
    shown = run_grade("case", "toy.scale", cwd=wrong)
    assert shown.returncode == 0
    assert "# toy.scale, case: the default factor" in shown.stdout
    session = [sys.executable, "-c", shown.stdout]
    ran = subprocess.run(session, cwd=wrong / "assignments" / "toy", capture_output=True, text=True)
    assert ran.returncode == 0
    assert ran.stdout.index("expected:") < ran.stdout.index("got:")


def test_a_case_is_shown_by_its_label(wrong, run_grade):
    assert "factor = 3.0" in run_grade("case", "toy.scale", "a factor of 3", cwd=wrong).stdout


def test_a_label_that_is_none_lists_the_labels(wrong, run_grade):
    told = run_grade("case", "toy.scale", "a mask", cwd=wrong)
    assert told.returncode == 2
    assert not told.stdout
    assert "no case 'a mask'; its cases: the default factor; one row; a factor of 3" in told.stderr


def test_of_what_is_right_or_unwritten_the_first_case_is_shown(toy_course, run_grade):
    shown = run_grade("case", "toy.scale", cwd=toy_course)
    assert "not written yet" in shown.stderr
    assert "got = scale(x)" in shown.stdout
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT, encoding="utf-8")
    assert "No case fails" in run_grade("case", "toy.scale", cwd=toy_course).stderr


def test_a_unit_and_a_name_that_is_none_are_refused(toy_course, run_grade):
    for name in ("toy", "toy.scal"):
        told = run_grade("case", name, cwd=toy_course)
        assert told.returncode == 2
        assert "scale" in told.stderr
        assert "Traceback" not in told.stderr


def debugged(folder, name, keys):
    session = [sys.executable, "-m", "cli", "case", name, "--debug"]
    return subprocess.run(session, cwd=folder, input=keys, capture_output=True, text=True, timeout=60)


def test_the_debugger_stops_in_the_students_function(wrong):
    ran = debugged(wrong, "toy.scale", "p factor\nc\n")
    assert "in your own shell and not in the sandbox" in ran.stderr
    assert re.search(r"toy\.py\(\d+\)scale\(\)", ran.stdout)
    assert "(Pdb) 2" in ran.stdout
    assert not list((wrong / "assignments" / "toy").glob("__pycache__"))


def test_where_a_function_raises_the_debugger_looks_at_what_was_there(wrong):
    ran = debugged(wrong, "toy.row_sums", "c\np x.shape\nq\n")
    assert "no_such_thing" in ran.stderr + ran.stdout
    assert "(Pdb) (3, 5)" in ran.stdout


def test_a_report_of_a_wrong_answer_names_the_command_once(wrong, run_grade):
    shown = run_grade("toy", cwd=wrong).stdout
    assert shown.count("grade case ") == 1
    assert "grade case toy.scale" in shown.splitlines()[-1] + shown.splitlines()[-2]


def test_what_is_not_written_has_no_case_that_failed(toy_course, run_grade):
    assert "grade case" not in run_grade("toy", cwd=toy_course).stdout


def test_a_file_that_lies_elsewhere_is_not_what_the_command_would_look_at(wrong, run_grade):
    elsewhere = wrong / "handed_in.py"
    elsewhere.write_text((wrong / "assignments" / "toy" / "toy.py").read_text(encoding="utf-8"), encoding="utf-8")
    shown = run_grade(str(elsewhere), "--unit", "toy", cwd=wrong).stdout
    assert "Next: grade hint toy.scale" in shown
    assert "grade case" not in shown
