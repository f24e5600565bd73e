"""The words of a report without a terminal are those on a terminal that has no edge."""

import io

import pytest
from conftest import RIGHT, by_name

from grader.render.console import tame_console
from grader.render.plain_words import told
from grader.render.terminal import GLYPHS, has_details, render_details

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
