"""`grade demo`: which units have one, what is shown, and the exit status."""

import shutil

import pytest
from click.testing import CliRunner
from conftest import RIGHT, TOY

import cli
from grader.authoring.build import build
from grader.course.course import Course

SCRIPT = '''"""Your factor, seen."""

NEEDS = ("scale",)


def demo(own, here, show):
    show.text(f"twice 21 is {own.scale(21.0)}")
'''


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "solutions" / "toy" / "demo").mkdir()
    (root / "solutions" / "toy" / "demo" / "demo.py").write_text(SCRIPT)
    build(Course(root), ["toy"])
    return root


@pytest.fixture
def typed(course):
    def run(*words):
        return CliRunner().invoke(cli.grade, ["demo", "--course", str(course), *words])

    return run


def write(course, text):
    (course / "assignments" / "toy" / "toy.py").write_text(text)


def test_the_units_that_have_one_are_listed(typed):
    assert typed().output == "grade demo toy  Your factor, seen.\n"


def test_it_is_shown_and_written_as_a_page(typed, course, tmp_path):
    write(course, RIGHT)
    result = typed("toy", "-o", str(tmp_path / "demo.html"))
    assert (result.exit_code, result.output.strip()) == (0, "twice 21 is 42.0")
    assert "<p>twice 21 is 42.0</p>" in (tmp_path / "demo.html").read_text()


def test_where_it_stops_it_says_why_and_the_status_is_1(typed, course):
    write(course, RIGHT.replace("return x * factor", "return x * facto"))
    result = typed("toy")
    assert result.exit_code == 1
    assert "It stopped: NameError: name 'facto' is not defined (toy.py, line 11)" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [(["tory"], "there is no unit 'tory'"), (["toy", "-o", "nowhere/at/all.html"], "nowhere/at/all.html")],
    ids=["no unit", "no folder"],
)
def test_what_cannot_be_is_one_sentence(typed, course, words, told):
    write(course, RIGHT)
    assert told in str(typed(*words).exception)
