"""`grade` without arguments: where a student stands, and what to do next."""

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from grader.render.overview import render_overview
from grader.report import CheckReport, ExerciseReport, Finding, Report, Status

MISSING = Finding("missing", "not written yet")
ROOT = Path("/course")


def exercise(name: str, points: int, status: Status) -> ExerciseReport:
    finding = MISSING if status is Status.MISSING else Finding("value", "wrong") if status is Status.FAILED else None
    return ExerciseReport(name, status, points, 4, 0.0, (CheckReport("is right", status, points, 4, finding),))


def unit(name: str, *statuses: tuple[int, Status]) -> tuple[str, Report]:
    exercises = [exercise(f"{name}.e{n}", points, status) for n, (points, status) in enumerate(statuses)]
    report = Report(
        str(ROOT / f"assignments/{name}/{name}.py"), "0" * 64, name, "key", "namespaces", 0.0, tuple(exercises)
    )
    return f"{name.title()}: all about {name}", report


def shown(reports, width: int = 80, encoding: str = "utf-8", **needs) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    render_overview(reports, Console(file=file, width=width, color_system=None), ROOT, needs)
    file.flush()
    return file.buffer.getvalue().decode(encoding).splitlines()


NEW, DONE, WRONG = (0, Status.MISSING), (4, Status.PASSED), (1, Status.FAILED)


def test_a_newcomer_is_led_from_reading_to_checking():
    lines = shown([unit("vectors", NEW, NEW), unit("slopes", NEW)])
    assert lines[0] == f"· vectors  {'─' * 20}    0/8     0 of  2 exercises"
    assert lines[3] == "0 of 12 points   0 of 3 exercises are right"
    assert [re.split(" {3,}", line.strip()) for line in lines[4:]] == [
        ["Next: grade explain vectors.e0", "read the exercise"],
        [os.path.join("assignments", "vectors", "vectors.py"), "write your answer there"],
        ["grade vectors.e0", "see what is right and what is wrong"],
    ]


def test_a_newcomer_is_shown_the_way_through_the_units():
    """Units of which none needs the other stand beside each other, each after all that it needs."""
    four = [unit(name, NEW) for name in ("vectors", "slopes", "chance", "nets")]
    needs = {"slopes": ("vectors",), "chance": ("vectors",), "nets": ("slopes", "chance")}
    assert shown(four, **needs)[-2:] == ["", "Order: vectors → slopes, chance → nets"]
    assert shown(four[1:], **needs)[-1] == "Order: slopes, chance → nets"
    assert shown(four, encoding="ascii", **needs)[-1] == "Order: vectors -> slopes, chance -> nets"
    assert "Order" not in "".join(shown(four) + shown([unit("vectors", WRONG), *four[1:]], **needs))


def test_what_is_in_work_is_named_and_gets_a_hint():
    lines = shown([unit("vectors", DONE, WRONG), unit("slopes", NEW)])
    assert lines[0] == f"· vectors  {'━' * 12}{'─' * 8}    5/8     1 of  2 exercises"
    assert lines[-2:] == ["In progress: vectors.e1 1/4", "Next: grade hint vectors.e1"]


def test_many_in_work_are_counted():
    lines = shown([unit("vectors", *[WRONG] * 7)], width=120)
    assert lines[-2] == "In progress: vectors.e0 1/4, vectors.e1 1/4, vectors.e2 1/4, vectors.e3 1/4 and 3 more"


def test_a_finished_unit_is_marked_and_the_next_one_is_begun():
    lines = shown([unit("vectors", DONE), unit("slopes", NEW)])
    assert lines[0].startswith(f"✓ vectors  {'━' * 20}    4/4")
    assert lines[-1] == "Next: grade explain slopes.e0"


def test_a_finished_course_says_so():
    assert shown([unit("vectors", DONE)])[-1] == "Every exercise of the course is right."


def test_a_wide_terminal_tells_each_units_theme_and_a_narrow_one_does_not():
    assert shown([unit("vectors", NEW)], width=120)[0].endswith("   all about vectors")
    assert not shown([unit("vectors", NEW)], width=80)[0].endswith("vectors")


@pytest.mark.parametrize("width", [30, 80, 120, 300])
def test_no_line_of_the_table_is_wider_than_the_terminal(width):
    lines = shown([unit("vectors", NEW), unit("slopes" * 9, WRONG)], width=width)
    assert all(len(line) <= min(width, 120) for line in lines[:2])


def test_without_colour_and_unicode_the_bar_still_tells():
    assert f"- vectors  {'=' * 12}{'.' * 8}" in shown([unit("vectors", DONE, WRONG)], encoding="ascii")[0]


def test_one_point_is_seen():
    assert "━" in shown([unit("vectors", WRONG, *[NEW] * 30)])[0]
