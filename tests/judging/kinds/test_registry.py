"""A kind of check is one file: the registry lists them, the words are handed on, and nothing else knows a kind by name."""

import ast
import inspect
import textwrap
from dataclasses import fields, replace

import numpy as np
import pytest
from conftest import ROOT, TOY
from house import House

from grader import exercise
from grader.course.course import Course
from grader.course.unit import Unit
from grader.judging.kinds.kind import Check, as_data
from grader.judging.kinds.registry import NAMES, is_run, kind_of, known, named, options_of
from grader.key import CheckKey, KeyFileError, from_bytes, to_bytes

FOLDER = ROOT / "grader" / "judging" / "kinds"
FRAME = {"__init__", "kind", "registry"}
WRITES_WORDS = {"grader.authoring.scaffold"}  # what an author is to import


def word(name):
    return getattr(exercise, name)


def example(name) -> str:
    """The lines of a word's docstring that are set in."""
    lines = inspect.getdoc(word(name)).splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line).strip("\n"))


def test_each_kind_is_one_file_and_one_line_of_the_registry():
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in FRAME)
    assert [named(name).name for name in NAMES] == list(NAMES)
    for name in NAMES:
        assert word(name).__module__ == f"grader.judging.kinds.{name}"


def said(text: str) -> set[str]:
    """The names of kinds that a module's text has as strings."""
    return {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)} & set(NAMES)


def test_no_other_module_knows_a_kind_by_its_name():
    others = {name: path for name, path in House(ROOT).files.items() if not name.startswith("grader.judging.kinds")}
    known_by = {name for name, path in others.items() if said(path.read_text(encoding="utf-8"))}
    assert known_by == WRITES_WORDS


@pytest.mark.parametrize(
    "text", ['check.kind == "raises"', 'kind in {"moves", *A}', 'RULES["agrees"]', '{"bounded": 1}']
)
def test_a_kind_that_is_known_by_its_name_would_be_seen(text):
    assert said(text)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_each_word_makes_a_check_of_its_kind(name):
    names = {"np": np} | {other: word(other) for other in [*NAMES, "uniform", "normal"]}
    *before, last = ast.parse(example(name)).body
    exec(compile(ast.Module(before, []), name, "exec"), names)
    check = eval(compile(ast.Expression(last.value), name, "eval"), names)
    assert isinstance(check, Check)
    assert check.kind is named(name)


@pytest.mark.parametrize("name", NAMES)
def test_options_survive_a_key_and_those_of_another_kind_are_refused(name):
    names = {"np": np} | {other: word(other) for other in [*NAMES, "uniform", "normal"]}
    *before, last = ast.parse(example(name).replace('part="dx"', "part=0")).body
    exec(compile(ast.Module(before, []), name, "exec"), names)
    check = eval(compile(ast.Expression(last.value), name, "eval"), names)
    data = CheckKey("is right", 1, name, [[0]], [None], as_data(check.options))
    assert options_of(data) == check.options
    assert isinstance(check.options, named(name).options)
    if fields(check.options):
        with pytest.raises(KeyFileError, match=f"the key is damaged \\({name}: "):
            options_of(replace(data, options={part.name: object() for part in fields(check.options)}))


def test_an_option_that_has_its_default_is_not_written():
    assert as_data(exercise.agrees(1, "is right").options) == {}
    assert as_data(exercise.agrees(1, "is right", part=[0, 2]).options) == {"parts": [0, 2]}
    assert as_data(exercise.keeps(1, "sums to 1", "sum", change=dict).options) == {
        "measure": "sum",
        "axis": -1,
        "part": None,
    }


def with_kind(key, kind):
    first, *rest = key.exercises
    checks = [replace(first.checks[0], kind=kind), *first.checks[1:]]
    return replace(key, exercises=[replace(first, checks=checks), *rest])


UNKNOWN = (
    "the key has a check of the kind 'wonders', which this version of the grader does not know; "
    "make it again with `grade dev build`"
)


def test_an_unknown_kind_is_refused_in_one_sentence(toy_key):
    key = from_bytes(to_bytes(with_kind(toy_key, "wonders")))
    for use in (
        lambda: known(key, "some.key"),
        lambda: kind_of(key.exercises[0].checks[0]),
        lambda: is_run(key.exercises[0]),
    ):
        with pytest.raises(KeyFileError) as caught:
            use()
        assert str(caught.value).removeprefix("some.key: ") == UNKNOWN
    assert known(toy_key, "some.key") is toy_key


def test_a_course_refuses_a_key_with_an_unknown_kind_and_names_the_file(toy_key, toy_course):
    path = toy_course / "assignments" / "toy" / "key"
    path.write_bytes(to_bytes(with_kind(toy_key, "wonders")))
    with pytest.raises(KeyFileError) as caught:
        Course(toy_course).key("toy")
    assert str(caught.value) == f"{path}: {UNKNOWN}"


def test_a_run_is_known_by_its_kind(toy_key):
    assert not any(map(is_run, toy_key.exercises))
    assert is_run(with_kind(toy_key, "reaches").exercises[0])
    assert [name for name, one in Unit("nets", TOY / "solutions" / "nets").exercises.items() if one.is_run] == ["fits"]
