"""Bands of right runs: measured by the author, carried by the key, drawn behind a student's curve, seen by no verdict."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ROOT, TOY, by_name

from grader.authoring import bands
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.unit import Unit, UnitError
from grader.grading import grade
from grader.key import from_bytes, to_bytes
from grader.render import curves
from grader.report import Step, to_json
from grader.submission import Submission

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def unit(tmp_path_factory, sandbox) -> Unit:
    """The toy's nets with a band of two seeds."""
    folder = tmp_path_factory.mktemp("nets") / "nets"
    shutil.copytree(TOY / "solutions" / "nets", folder, ignore=shutil.ignore_patterns("__pycache__"))
    bands.write(Unit("nets", folder), {"fits": bands.measure(Unit("nets", folder), "fits", range(2), sandbox)})
    return Unit("nets", folder)


def steps(*losses: float, total: int = 0) -> list[Step]:
    return [Step(number, total or len(losses), loss) for number, loss in enumerate(losses, 1)]


def test_a_band_holds_the_lowest_and_the_highest_of_each_part_of_the_way():
    first, second = steps(*range(64, 0, -1)), steps(*(2 * loss for loss in range(64, 0, -1)))
    band = bands.band_of([first, second])
    assert len(band) == bands.BINS
    assert band[0] == [round(0.5 / 32, 4), 64.0, 128.0]
    assert band[-1] == [round(31.5 / 32, 4), 1.0, 6.0]
    assert all(low <= high for _, low, high in band)


def test_what_is_no_number_and_a_run_without_a_loss_leave_no_mark():
    assert bands.band_of([]) == []
    assert bands.band_of([steps(float("nan"), float("inf"))]) == []


def test_the_band_travels_in_the_key_and_stands_behind_the_curve(unit, sandbox):
    key = from_bytes(to_bytes(compile_key(unit, 0)), "key")
    report = by_name(grade(Submission("nets.py", unit.text.encode()), key, sandbox, ["fits"]))["fits"]
    assert report.status == "passed"
    assert [list(part) for part in report.band] == unit.bands["fits"]
    assert report.curve[-1].loss <= max(high for _, _, high in report.band)


def test_a_report_in_json_has_no_band(unit, sandbox):
    report = grade(Submission("nets.py", unit.text.encode()), compile_key(unit, 0), sandbox, ["fits"])
    assert "band" not in to_json(report)["exercises"][0]


def test_a_reference_that_misses_its_bar_has_no_band(unit, sandbox):
    wrong = replace(unit, folder=unit.folder)
    wrong.__dict__["text"] = unit.text.replace("return self.layer(x)", "return 0 * self.layer(x)")
    with pytest.raises(UnitError, match=r"nets\.fits: the reference fails with seed 0"):
        bands.measure(wrong, "fits", range(1), sandbox)


def test_other_bands_are_kept_and_those_of_runs_that_are_gone_are_not(tmp_path):
    shutil.copytree(TOY / "solutions" / "nets", tmp_path / "nets")
    unit = Unit("nets", tmp_path / "nets")
    (tmp_path / "nets" / "bands.json").write_text('{"fits": [[0.5, 1, 2]], "gone": [[0.5, 1, 2]]}')
    bands.write(unit, {"Affine": [[0.5, 3.0, 4.0]]})
    assert Unit("nets", tmp_path / "nets").bands == {"Affine": [[0.5, 3.0, 4.0]], "fits": [[0.5, 1, 2]]}


def test_a_damaged_file_is_told_with_what_to_do(tmp_path):
    (tmp_path / "bands.json").write_text("{")
    with pytest.raises(UnitError, match="measure it again with `grade dev bands nets`"):
        _ = Unit("nets", tmp_path).bands


def test_the_picture_shows_the_band_pale_behind_the_line_over_the_whole_run():
    curve = steps(1.0, 0.9, 0.8, total=9)  # it ended after a third
    picture = ElementTree.fromstring(curves.svg(curve, "loss", [(0.0, 0.5, 1.0), (1.0, 0.1, 0.2)]))
    tags = [element.tag.rpartition("}")[2] for element in picture]
    assert tags.index("polygon") < tags.index("polyline")
    texts = [element.text for element in picture.iter() if element.tag.endswith("text")]
    assert {"9 steps", "grey: right answers", "0.1"} <= set(texts)
    places = [element.get("points") for element in picture.iter() if element.get("points")]
    numbers = [float(number) for place in places for pair in place.split() for number in pair.split(",")]
    assert all(0 <= number <= curves.WIDTH for number in numbers)
    assert "polygon" not in curves.svg(curve, "loss")


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("*/bands.json")), ids=lambda path: path.parent.name)
def test_this_course_s_bands_are_of_runs_that_it_has(path: Path):
    unit = Course(ROOT).solutions(path.parent.name)
    for name, band in json.loads(path.read_text()).items():
        assert unit.exercises[name].is_run
        assert [share for share, *_ in band] == sorted({share for share, *_ in band})
        assert all(low <= high for _, low, high in band)
