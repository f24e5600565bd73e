"""Error maps: right where the answer is right, the same in a log, in ASCII and in a page; and quiet where a number says it all."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from conftest import RIGHT, by_name
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from grader.commands.plot import plot
from grader.errors import GraderError
from grader.judging.error_maps import error_map, pattern, says_more
from grader.render import terminal as report_page
from grader.render.maps import svg, terminal
from grader.report import CheckReport, ErrorMap, ExerciseReport, Finding, Report, Status, from_json, to_json


def a_map(wrong, shape=None) -> ErrorMap:
    mask = np.array(wrong, dtype=float)
    return error_map(mask, np.zeros_like(mask), (), 1e-9, ["out"])


def drawn(found: ErrorMap, encoding: str = "utf-8", width: int = 80) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    terminal(found, Console(file=file, width=width, color_system=None))
    file.seek(0)
    return file.read()


def test_what_is_within_the_tolerance_is_right_and_all_else_keeps_its_size():
    found = error_map(np.array([[1.0, 2.5], [3.0, np.nan]]), np.array([[1.0, 2.0], [3 + 1e-12, 4.0]]), (), 1e-9, ["y"])
    assert found == ErrorMap("y", (2, 2), ((0.0, 0.5), (0.0, np.inf)))


def test_leading_axes_are_folded_by_the_largest():
    yours = np.zeros((2, 3, 4))
    yours[0, 1, 2], yours[1, 1, 2], yours[1, 0, 0] = 1, 5, 2
    found = error_map(yours, np.zeros((2, 3, 4)), (), 0.0, [])
    assert found.shape == (2, 3, 4)
    assert [list(row) for row in found.rows] == [[2, 0, 0, 0], [0, 0, 5, 0], [0, 0, 0, 0]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 130), st.integers(2, 130), st.integers(0, 10**6))
def test_a_large_array_becomes_a_small_map_and_its_worst_entry_is_in_it(rows, columns, spot):
    yours = np.zeros((rows, columns))
    yours.flat[spot % yours.size] = 7
    found = error_map(yours, np.zeros_like(yours), (), 0.0, [])
    assert len(found.rows) <= 24
    assert len(found.rows[0]) <= 48
    assert sum(value > 0 for row in found.rows for value in row) == 1
    assert max(max(row) for row in found.rows) == 7


def test_parts_without_a_map_have_none():
    zeros = np.zeros(3)
    assert error_map(1.0, 2.0, (), 0.0, []) is None
    assert error_map(zeros, np.zeros(4), (), 0.0, []) is None
    assert error_map(None, zeros, (), 0.0, []) is None
    assert error_map([zeros, np.ones(3)], [zeros, zeros], (1,), 0.0, ["a", "b"]).part == "b"


T = np.arange(5)
ROWS, COLUMNS = np.indices((5, 7))


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (ROWS == 2, "row 2"),
        (ROWS >= 3, "rows from 3 on"),
        (ROWS <= 1, "rows up to 1"),
        ((ROWS == 1) | (ROWS == 4), "rows 1 and 4"),
        (COLUMNS == 0, "column 0"),
        (COLUMNS % 2 == 1, "every second column from 1"),
        (ROWS == COLUMNS, "the diagonal"),
        (COLUMNS > ROWS, "above the diagonal"),
        (COLUMNS < ROWS, "below the diagonal"),
        ((ROWS % 4 == 0) | (COLUMNS % 6 == 0), "the border"),
        ((ROWS % 4 != 0) & (COLUMNS % 6 != 0), "all but the border"),
        ((ROWS * 3 + COLUMNS * 5) % 7 == 1, ""),
        (ROWS >= 0, ""),
    ],
)
def test_a_pattern_has_a_name_where_it_is_exactly_that(wrong, name):
    assert pattern(a_map(wrong)) == name


def test_a_pattern_of_folded_cells_is_not_named():
    wrong = np.zeros((100, 100))
    wrong[0] = 1
    assert pattern(a_map(wrong)) == ""


def test_a_picture_is_shown_where_it_says_more_than_a_number():
    assert says_more(a_map(ROWS == 2))
    assert not says_more(a_map(ROWS >= 0))  # "all 35 entries differ" has said it
    assert not says_more(a_map((ROWS == 2) & (COLUMNS == 3)))  # the finding names the entry
    assert not says_more(a_map(T > 2))  # a vector


def test_a_log_and_an_ascii_terminal_show_the_same_map():
    found = ErrorMap("out", (3, 4), ((0.0, 0.1, 0.0, 0.3), (0.0, 0.0, 0.6, 0.0), (1.0, 0.0, 0.0, np.inf)))
    assert drawn(found).splitlines() == [
        "out (3 × 4): |yours − expected|",
        "   0  · ░ · ▒",
        "   1  · · ▓ ·",
        "   2  █ · · !",
        "      · right   ░ ▒ ▓ █ wrong by up to 1   ! not finite",
    ]
    assert drawn(found, "ascii").splitlines() == [
        "out (3 x 4): |yours - expected|",
        "   0  . - . +",
        "   1  . . x .",
        "   2  # . . !",
        "      . right   - + x # wrong by up to 1   ! not finite",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_map_fits_the_terminal(width):
    found = a_map(np.indices((24, 32)).sum(0) % 3 == 0)
    rows = drawn(found, width=width).splitlines()[1:-1]
    assert len(rows) == 24
    assert all(len(row) <= width for row in rows)


def test_the_svg_is_one_element_that_runs_nothing_and_takes_names_as_text():
    found = replace(a_map(ROWS == 2), part='<script>alert("1")</script>\x1b[31m')
    root = ET.fromstring(svg(found))
    kinds = {item.tag.partition("}")[2] for item in root.iter()}
    assert kinds == {"svg", "title", "rect", "text"}
    assert "<script>" in root.get("aria-label")
    assert "wrong: row 2" in root.get("aria-label")
    wrong = [item for item in root.iter("{http://www.w3.org/2000/svg}rect") if item.get("fill") == "#800026"]
    assert len(wrong) == 7 + 1  # a row of cells, and the legend's swatch


def a_report(found: ErrorMap | None) -> Report:
    finding = Finding("value", "out[0] is 1, expected 2", map=found)
    checks = (CheckReport("is right", Status.FAILED, 0, 2, finding),)
    return Report("toy.py", "0" * 64, "toy", "toy-1", "process", 0.0,
                  (ExerciseReport("toy.scale", Status.FAILED, 0, 2, 0.0, checks),))  # fmt: skip


def test_the_json_form_knows_no_maps():
    data = to_json(a_report(a_map(ROWS == 2)))
    assert set(data["exercises"][0]["checks"][0]["finding"]) == {"kind", "message", "hint", "mistake"}
    assert from_json(data) == a_report(None)


def test_a_wrong_answer_brings_its_map_from_the_worker_to_the_page(mark):
    source = RIGHT.replace("return x * factor", "y = x * factor\n    y[..., 0] += 1\n    return y")
    assert source != RIGHT
    report = mark(source)
    found = next(check.finding.map for check in by_name(report)["scale"].checks if check.finding)
    assert pattern(found) in ("column 0", "")
    file = io.StringIO()
    report_page.render(report, "Toy", Console(file=file, width=80))
    assert ("|yours − expected|" in file.getvalue()) == says_more(found)


def test_plot_writes_a_picture_for_each_wrong_answer(tmp_path):
    assert plot([a_report(a_map(ROWS == 2))], str(tmp_path / "new")) == f"1 picture in {tmp_path / 'new'}"
    ET.parse(tmp_path / "new" / "toy.scale.svg")
    plot([a_report(a_map(ROWS == 2)), a_report(a_map(ROWS == 1))], str(tmp_path / "two"))
    assert {path.parent.name for path in (tmp_path / "two").rglob("*.svg")} == {"1", "2"}
    assert plot([a_report(None)], str(tmp_path / "none")).startswith("No pictures")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GraderError, match=r"cannot write .*: File exists"):
        plot([a_report(a_map(ROWS == 2))], str(tmp_path / "file"))
