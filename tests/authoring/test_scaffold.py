"""`grade dev new` adds a skeleton, claims nothing and loses nothing."""

import ast
import tomllib

import pytest

from grader.authoring.scaffold import new
from grader.course.course import Course
from grader.course.reference_text import definitions
from grader.course.unit import Unit

FILES = ["checks.py", "handout.md", "oracles.py", "rewrites.py"]


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text('# In order.\ntitle = "A course"\nunits = ["first"]\n')
    return Course(tmp_path)


def everything(course):
    return {path: path.read_bytes() for path in sorted(course.root.rglob("*")) if path.is_file()}


def units(course):
    return tomllib.loads((course.root / "solutions" / "course.toml").read_text())["units"]


def test_a_new_unit_gets_five_files_and_its_place_in_the_course(course):
    written = new(course, "algebra.solve")
    folder = course.root / "solutions" / "algebra"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "algebra.py"])
    assert set(written) == {*folder.iterdir(), course.root / "solutions" / "course.toml"}
    assert units(course) == ["first", "algebra"]
    assert (course.root / "solutions" / "course.toml").read_text().startswith("# In order.\n")


def test_a_skeleton_is_a_unit_that_can_be_read(course):
    new(course, "algebra.solve")
    new(course, "algebra.vector_norm")
    unit = Unit("algebra", course.root / "solutions" / "algebra")
    assert list(unit.exercises) == ["solve", "vector_norm"]
    assert unit.source("solve").shapes == {"x": ["D"]}
    assert unit.source("solve").returns == ["y"]
    assert list(unit.rewritten("solve")) == ["another_way"]
    assert callable(unit.oracles.solve)
    assert unit.handout("solve")
    assert unit.mistakes("solve") == {}
    assert unit.introduction.endswith(".")


def test_a_skeleton_of_a_class_has_methods_and_a_driver_that_makes_one(course):
    new(course, "algebra.solve")
    new(course, "algebra.RunningMean")
    unit = Unit("algebra", course.root / "solutions" / "algebra")
    assert list(unit.exercises) == ["solve", "RunningMean"]
    assert unit.source("RunningMean").is_class
    assert unit.driver("RunningMean").startswith("def use_running_mean(RunningMean, start, xs):")
    assert unit.returns("RunningMean") == ["ys"]
    assert list(unit.rewritten("RunningMean")) == ["another_way"]
    methods = [node for node in unit.source("RunningMean").node.body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in methods] == ["__init__", "step"]
    assert all(ast.get_docstring(node) for node in methods)
    with pytest.raises(NotImplementedError, match=r"^write "):
        unit.pieces("RunningMean")[0](1.0)


def test_a_skeleton_claims_nothing(course):
    new(course, "algebra.solve")
    unit = Unit("algebra", course.root / "solutions" / "algebra")
    for function in (*unit.pieces("solve"), unit.oracles.solve, *unit.rewritten("solve")["another_way"]):
        with pytest.raises(NotImplementedError, match=r"^write "):
            function(1.0)
    exercise = unit.exercises["solve"]
    assert (exercise.points, list(exercise.mistakes), list(exercise.hints)) == (1, [], [])


def test_what_stands_in_a_file_stays(course):
    new(course, "algebra.solve")
    before = everything(course)
    new(course, "algebra.vector_norm")
    for path, content in before.items():
        assert path.read_bytes().startswith(content)
    assert units(course) == ["first", "algebra"]


def test_a_missing_file_of_a_unit_is_made_and_the_others_are_kept(course):
    folder = course.root / "solutions" / "first"
    folder.mkdir()
    (folder / "first.py").write_text('"""First."""\n\n\ndef kept(x):\n    """Kept."""\n    return x')
    (folder / "checks.py").write_text('"""Checks."""\n\nfrom grader.exercise import agrees\n\nALLOWS = ()\n')
    new(course, "first.second")
    assert list(definitions((folder / "first.py").read_text())) == ["kept", "second"]
    assert "    return x\n\n\ndef second(x):" in (folder / "first.py").read_text()
    assert "import agrees\nfrom grader.exercise import Exercise\n" in (folder / "checks.py").read_text()
    assert list(Unit("first", folder).exercises) == ["second"]
    assert units(course) == ["first"]


@pytest.mark.parametrize("file", ["algebra.py", *FILES])
def test_an_exercise_that_is_there_is_refused(course, file):
    new(course, "algebra.solve")
    folder = course.root / "solutions" / "algebra"
    for other in folder.iterdir():
        if other.name != file:
            other.write_text("")
    before = everything(course)
    with pytest.raises(ValueError, match=r"^solve is already in .*; choose another name, or edit it there$"):
        new(course, "algebra.solve")
    assert everything(course) == before


@pytest.mark.parametrize("taken", ["np", "helper", "CONSTANT".lower()])
def test_any_name_of_the_reference_is_taken(course, taken):
    new(course, "algebra.solve")
    path = course.root / "solutions" / "algebra" / "algebra.py"
    path.write_text(path.read_text() + "\n\ndef helper(x):\n    return x\n\n\nconstant = 3\n")
    with pytest.raises(ValueError, match=f"{taken} is already in"):
        new(course, f"algebra.{taken}")


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            "algebra",
            "algebra.",
            ".solve",
            "Algebra.solve",
            "algebra.Sol_ve",
            "Algebra.solve",
            "algebra.2d",
            "algebra.a-b",
            "algebra.a b",
        ),
        *(
            "algebra.class",
            "class.solve",
            "algebra._solve",
            "algebra.a__b",
            "algebra.a.b",
            "../up.solve",
            "algebra.größe",
        ),
        *("checks.solve", "oracles.solve"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(course, target):
    before = everything(course)
    with pytest.raises(ValueError, match=r"cannot be|names no exercise") as refused:
        new(course, target)
    assert "\n" not in str(refused.value)
    assert everything(course) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("units = []\n", ["algebra"]),
        ('units = [ "a" , ]\n', ["a", "algebra"]),
        ('units = [\n    "a",\n    "b",\n]\ntitle = "[x]"\n', ["a", "b", "algebra"]),
        ("title = 'x'\nunits=['a']", ["a", "algebra"]),
        ('units = ["algebra"]\n', ["algebra"]),
    ],
)
def test_the_list_of_units_may_be_written_in_many_ways(course, text, expected):
    (course.root / "solutions" / "course.toml").write_text(text)
    new(course, "algebra.solve")
    assert units(course) == expected


@pytest.mark.parametrize(
    "text", ["", "units = 3\n", "units = [\n", 'units = [\n  "a", # ] hm\n]\n', '[x]\nunits = ["a"]\n']
)
def test_a_course_file_that_cannot_be_added_to_is_refused_and_kept(course, text):
    (course.root / "solutions" / "course.toml").write_text(text)
    before = everything(course)
    with pytest.raises(ValueError, match="by hand"):
        new(course, "algebra.solve")
    assert everything(course) == before


def test_a_folder_without_solutions_is_refused(tmp_path):
    with pytest.raises(ValueError, match="needs the course's solutions"):
        new(Course(tmp_path), "algebra.solve")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_python_is_refused_with_its_line(course):
    new(course, "algebra.solve")
    path = course.root / "solutions" / "algebra" / "checks.py"
    path.write_text("x = (\n")
    before = everything(course)
    with pytest.raises(ValueError, match=r"checks\.py, line 1"):
        new(course, "algebra.other")
    assert everything(course) == before
