"""`grade init`: a student's folder from what the package brings; `grade reset` in it, of functions and of classes."""

import tomllib

import pytest
from conftest import ROOT

from grader.commands.init import brought, make
from grader.commands.read import with_stub
from grader.errors import GraderError
from grader.updating.came import NAME, PACKAGE


def test_a_students_folder_has_every_unit_and_no_solutions(tmp_path):
    course = make(brought(), tmp_path / "maths", PACKAGE)
    for unit in course.units:
        names = {item.name for item in course.assignment(unit).parent.iterdir()}
        assert {"README.md", f"{unit}.py", f"{unit}.ipynb", "key"} <= names
        assert course.exercises(unit)
    assert [item.name for item in (tmp_path / "maths").iterdir()] == ["assignments"]


def test_what_is_there_is_never_touched(tmp_path):
    make(brought(), tmp_path, PACKAGE)
    mine = tmp_path / "assignments" / "attention" / "attention.py"
    mine.write_text("my work")
    with pytest.raises(GraderError, match="is there already, and nothing was changed; name a new folder"):
        make(brought(), tmp_path, PACKAGE)
    assert mine.read_text() == "my work"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GraderError, match=r"cannot make .*; name another folder"):
        make(brought(), tmp_path / "file" / "maths", PACKAGE)


def test_backups_and_caches_of_a_clone_do_not_travel(tmp_path):
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    for name in ("course.toml", "attention.py.bak", ".hidden"):
        (source / name).write_text("units = []")
    make(source, tmp_path / "to", PACKAGE)
    assert {item.name for item in (tmp_path / "to" / "assignments").iterdir()} == {"course.toml", NAME}


def test_the_wheel_carries_the_assignments_and_nothing_else_of_the_course():
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["force-include"] == {"assignments": "grader/_course/assignments"}
    assert targets["wheel"]["only-include"] == ["grader", "cli.py"]


def test_a_new_student_starts_at_the_first_exercise(tmp_path, run_grade):
    made = run_grade("init", "maths", cwd=tmp_path)
    assert "Next: cd maths, then grade" in made.stdout
    again = run_grade("init", "maths", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    begun = run_grade("linear_algebra.vector_norm", cwd=tmp_path / "maths")
    assert "Next: grade explain linear_algebra.vector_norm" in begun.stdout


CLASS = '''import numpy as np


class Linear:
    """A layer."""

    def __init__(self, d):
        self.W = np.ones((d, d))

    def forward(self, x:
        return x


# of the next one
class Linear2(Linear):
    pass
'''
STUB = 'class Linear:\n    """A layer."""\n\n    def __init__(self, d):\n        raise NotImplementedError\n'


def test_reset_of_a_class_replaces_it_whole_and_nothing_else():
    assert with_stub(CLASS, "Linear", STUB) == f"import numpy as np\n\n\n{STUB}" + CLASS[CLASS.index("\n\n# of") :]
