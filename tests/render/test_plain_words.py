"""The words of a report without a terminal are those on a terminal that has no edge."""

import io

import pytest
from conftest import RIGHT, by_name

from grader.render.console import tame_console
from grader.render.plain_words import is_told, told
from grader.render.terminal import GLYPHS, has_details, render_details
from grader.report import CheckReport, ExerciseReport, Finding, Status

WIDE = 100_000
FILES = {
    "a map": RIGHT.replace("return x * factor", "x = x * factor; x[0, 1] += 1; return x"),
    "a hint for two claims": RIGHT.replace("axis=1", "axis=0"),
    "an exception": RIGHT.replace("return x * factor", "return x.nothing"),
    "many lines printed": RIGHT.replace("return x * factor", "print('one\\ntwo\\n' * 9); return x"),
    "printed escapes": RIGHT.replace("return x * factor", "print('\\x1b[31mred', '[bold]'); return x"),
    "an end": RIGHT.replace("return x * factor", "import os; os._exit(3)"),
    "a syntax error": RIGHT.replace("return x * factor", "return x *"),
}


@pytest.mark.parametrize("what", FILES)
def test_plain_words_are_the_terminals_without_its_edge(what, mark):
    report = mark(FILES[what])
    failed = [exercise for exercise in report.exercises if has_details(exercise)]
    assert failed
    for exercise in failed:
        file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        console = tame_console(file=file, width=WIDE, color_system=None)
        render_details(exercise, WIDE, GLYPHS, console)
        file.seek(0)
        shown = [line.rstrip() for line in file.read().split("\n")[1:]]
        assert [line.rstrip() for line in told(exercise)] == shown[: len(told(exercise))]
        assert not any(shown[len(told(exercise)) :])


def test_a_word_is_all_there_is_to_what_is_not_written_yet(mark):
    found = by_name(mark(RIGHT.replace("return x * factor", "raise NotImplementedError")))
    assert told(found["scale"]) == ["not written yet"]
    assert told(found["row_sums"]) == []


def failing(*findings):
    checks = tuple(CheckReport("a claim", Status.ERROR, 0, 1, finding) for finding in findings)
    return ExerciseReport("unit.f", Status.ERROR, 0, len(checks), 0.1, checks)


def raised(shapes, line):
    return Finding("exception", f"ValueError: {shapes}", f"Shapes {shapes} do not go together.", line=line)


def test_the_same_line_with_other_shapes_is_one_cause():
    text = "\n".join(
        told(failing(raised("(4,3) and (4,)", 7), raised("(2,3) and (2,)", 7), raised("(5,3) and (5,)", 8)))
    )
    assert text.count("the same cause as above") == 1
    assert text.count("do not go together") == 2


def test_two_values_with_hints_of_different_numbers_are_two_causes():
    above: set[str] = set()
    findings = [Finding("value", "wrong", f"Your answer is exactly {n} times too large.") for n in (2, 3)]
    assert [is_told(finding, above) for finding in findings] == [False, False]
