"""Any text of a student's survives the report's JSON form, and reaches a terminal as nothing but text."""

import io
import json
import unicodedata

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from test_cli import REPORT

from grader.render.overview import render_overview
from grader.render.terminal import next_step, render
from grader.report import KINDS, CheckReport, ExerciseReport, Finding, Report, Status, from_json, to_json
from grader.text import inert, one_line

NASTY = st.sampled_from(
    [
        "\x1b[31m",
        "\x9b31m",
        "\x1b]52;c;x\x07",
        "[red]",
        "[/nope]",
        ":skull:",
        "\u202e",
        "\u2028",
        "\r",
        "\0",
        "\ud800",
        "::error::x",
        "##vso[x]",
        "\ue000",
        "\U000e0041",
    ]
)
TEXT = st.lists(NASTY | st.text(st.characters(), max_size=8), max_size=6).map("".join)
FINDINGS = st.builds(Finding, st.sampled_from(sorted(KINDS)), TEXT.filter(bool), TEXT, TEXT)
CHECKS = st.builds(
    CheckReport,
    TEXT,
    st.sampled_from([Status.PASSED, Status.FAILED, Status.SKIPPED]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.none() | FINDINGS,
).filter(lambda check: check.points <= check.max_points)
EXERCISES = st.builds(
    ExerciseReport,
    st.from_regex(r"\A[a-z]{1,9}\.[a-z_]{1,20}\Z"),
    st.sampled_from(Status),
    st.integers(0, 9),
    st.integers(0, 9),
    st.just(0.25),
    st.lists(CHECKS, min_size=1, max_size=3).map(tuple),
    TEXT,
).filter(lambda exercise: exercise.points <= exercise.max_points)
REPORTS = st.builds(
    Report,
    TEXT,
    st.just("0" * 64),
    st.just("toy"),
    st.just("toy-1"),
    st.sampled_from(["namespaces", "process"]),
    st.just(1.5),
    st.lists(EXERCISES, max_size=4).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(REPORTS)
def test_a_report_survives_its_json_form(report):
    text = json.dumps(to_json(report))
    assert text.isascii()
    back = json.loads(text)
    jsonschema.validate(back, REPORT)
    assert json.dumps(to_json(from_json(back))) == text
    assert from_json(back).points == report.points


@settings(max_examples=60, deadline=None)
@given(REPORTS, st.integers(20, 120), st.booleans())
def test_no_text_reaches_a_terminal_as_an_instruction(report, width, colour):
    file = io.StringIO()
    console = Console(file=file, width=width, markup=False, emoji=False, highlight=False, color_system=None)
    render(report, "Toy", console)
    render_overview([("Toy", report)], console)
    shown = file.getvalue()
    shown.encode("utf-8")  # no lone surrogate is left
    odd = {
        char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and char != "\n"
    }
    assert odd == set()
    assert not any(line.strip().startswith(("::", "##[", "##vso[")) for line in shown.splitlines())


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_inert_text_is_printable_and_plain_text_is_left_alone(text):
    assert all(char in "\n\t" or unicodedata.category(char)[0] not in "C" for char in inert(text))
    assert "\n" not in one_line(text)
    plain = "x @ W.T / √d, Größe 3: “ok” 中文 🙂"
    assert inert(plain) == one_line(plain) == plain


def test_a_long_text_is_cut_where_it_is_shown():
    assert len(one_line("x" * 10**6, 300)) <= 302
    assert inert("ab" * 3000, 10) == "ababababab …"


def test_another_schema_is_refused():
    with pytest.raises(ValueError, match="report has schema 2; this version reads 1"):
        from_json({"schema": 2})


def test_a_finding_has_a_known_kind():
    with pytest.raises(ValueError, match="is no kind of finding"):
        Finding("strange", "text")


def test_the_next_step_is_what_was_begun_then_what_is_missing():
    def exercise(name: str, status: Status) -> ExerciseReport:
        return ExerciseReport(f"toy.{name}", status, 0, 1, 0.0, ())

    a, b, c = exercise("a", Status.PASSED), exercise("b", Status.MISSING), exercise("c", Status.TIMEOUT)
    assert next_step([a, b, c]) == "grade hint toy.c"
    assert next_step([a, b]) == "grade explain toy.b"
    assert next_step([a]) == "grade"
