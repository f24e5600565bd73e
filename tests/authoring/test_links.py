"""An exercise builds on exercises that are there, and before it."""

import pytest
from conftest import ROOT

from grader.authoring import build
from grader.authoring.links import check_links
from grader.course.course import Course
from grader.course.unit import UnitError


@pytest.mark.parametrize(
    ("name", "earlier", "words"),
    [
        ("toy.scael", "toy.scale", "toy.scael builds on, which is no exercise; did you mean toy.scale?"),
        ("toy.row_sums", "toy.scael", "builds on toy.scael, which is no exercise before it; did you mean toy.scale?"),
        ("toy.scale", "toy.row_sums", "builds on toy.row_sums, which is no exercise before it"),
        ("toy.scale", "gone.halves", "builds on gone.halves, which is no exercise before it"),
    ],
)
def test_a_link_to_what_is_not_before_an_exercise_is_told(toy, name, earlier, words):
    with pytest.raises(UnitError) as error:
        check_links(toy, {name: (earlier,)})
    assert words in str(error.value)


def test_links_inside_a_unit_and_to_another_are_taken(toy):
    check_links(toy, {"toy.row_sums": ("toy.scale", "words.slope"), "words.halves": ("gone.gone",)})


def test_a_build_says_so_and_writes_nothing(toy_course):
    file = toy_course / "solutions" / "course.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text(f'{before}\n[builds_on.toy]\nrow_sums = ["sclae"]\n', encoding="utf-8")
    with pytest.raises(UnitError, match=r"did you mean toy\.scale\?"):
        build.build(Course(toy_course), ["toy"])
    file.write_text(f'{before}\n[builds_on.toy]\nrow_sums = ["scale"]\n', encoding="utf-8")
    build.build(Course(toy_course), ["toy"])
    assert Course(toy_course).settings.links("toy.scale") == {"Leads to": ["toy.row_sums"]}


def test_every_unit_of_the_course_says_what_its_exercises_build_on():
    course = Course(ROOT)
    for unit in course.units:
        check_links(course.solutions(unit), course.settings.builds_on)
        said = [name for name in course.exercises(unit) if f"{unit}.{name}" in course.settings.builds_on]
        assert len(said) >= len(course.exercises(unit)) // 3, unit
