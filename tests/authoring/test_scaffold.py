"""`grade dev new` adds a skeleton, claims nothing and loses nothing."""

import ast
import tomllib

import pytest

from grader.authoring.proof import prove
from grader.authoring.scaffold import new
from grader.compiling.compile import compile_exercise
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


def with_pieces(course):
    """A unit with two functions, which a run may put together."""
    new(course, "algebra.solve")
    new(course, "algebra.Net")
    return course.root / "solutions" / "algebra"


def test_a_skeleton_of_a_run_trains_what_the_unit_has(course):
    folder = with_pieces(course)
    written = new(course, "algebra.house_prices", ["solve", "Net"])
    assert [path.name for path in written] == ["checks.py", "handout.md"]
    unit = Unit("algebra", folder)
    run = unit.exercises["house_prices"]
    assert run.is_run
    assert list(run.pieces) == ["solve", "Net"]
    assert unit.driver("house_prices").startswith("def train_house_prices(solve, Net, X, y, X_held, seed):")
    assert unit.returns("house_prices") == ["predictions"]
    assert unit.handout("house_prices").startswith("Say what is trained")
    assert (list(run.mistakes), list(run.hints)) == ([], [])


def test_a_skeleton_of_a_run_draws_its_data_and_claims_nothing(course):
    """Its key is made, as what it draws is data; its driver raises until there is a training to report."""
    folder = with_pieces(course)
    new(course, "algebra.house_prices", ["solve"])
    unit = Unit("algebra", folder)
    (question,) = compile_exercise(unit, "house_prices", 0).questions
    assert "truth" not in question.inputs
    assert question.expected.shape == (len(question.inputs["X_held"]),)
    proof = prove(unit, "house_prices", range(1))
    assert any("write the training" in failure for failure in proof.failures), proof.failures


def test_a_run_imports_what_its_skeleton_uses(course):
    folder = with_pieces(course)
    new(course, "algebra.house_prices", ["solve"])
    bound = {alias.name for node in ast.walk(ast.parse((folder / "checks.py").read_text())) if isinstance(node, ast.ImportFrom) for alias in node.names}  # fmt: skip
    assert {"Exercise", "agrees", "reaches", "report"} <= bound


@pytest.mark.parametrize(
    ("target", "pieces", "words"),
    [
        ("algebra.house_prices", ["slove"], r"algebra\.py has no slove to train with; did you mean solve\?"),
        ("algebra.house_prices", ["solve", "solve"], "the piece solve is named twice"),
        ("algebra.HousePrices", ["solve"], "'HousePrices' cannot be a training run's name; it is named like_this"),
        ("algebra.solve", ["Net"], r"solve is already in .*algebra\.py; choose another name"),
        ("geometry.house_prices", ["solve"], r"geometry\.py is not there; a training run is made of what its unit has"),
    ],
)
def test_a_run_of_what_is_not_there_is_refused(course, target, pieces, words):
    with_pieces(course)
    before = everything(course)
    with pytest.raises(ValueError, match=words):
        new(course, target, pieces)
    assert everything(course) == before


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
