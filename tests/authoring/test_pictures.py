"""Pictures are drawn by the build: light, the same each time, whole in the notebook, and not stale unnoticed."""

import base64
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from conftest import ROOT, TOY

pytest.importorskip("matplotlib")

from grader.authoring.build import build, stale
from grader.authoring.handouts import PICTURE
from grader.authoring.svg import LIMIT, PictureError, alike, pictures
from grader.course.course import Course
from grader.course.unit import Unit, UnitError

COURSE = Course(ROOT)
DRAWING = '''"""Pictures."""

from grader.authoring.pictures import BLUE, panels


def slope(reference):
    """A line that rises & rises."""
    figure, (axes,) = panels(1)
    axes.plot([0, 1, 2], [0, 1, 3], color=BLUE)
    axes.set_xlabel("$x$")
    return figure
'''
SHOWN = "Read this first.\n\n![A line](slope.svg)\n\n*It rises.*\n\n"


@pytest.fixture
def course(tmp_path) -> Course:
    """The toy course, with a picture."""
    shutil.copytree(TOY, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "course" / "solutions" / "toy"
    (folder / "pictures.py").write_text(DRAWING)
    (folder / "handout.md").write_text(SHOWN + (folder / "handout.md").read_text())
    return Course(tmp_path / "course")


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_unit_opens_with_a_picture_that_has_a_caption(unit):
    solutions = COURSE.solutions(unit)
    (found,) = PICTURE.finditer(solutions.introduction)
    assert found["caption"].endswith(".*")
    readme = COURSE.assignment(unit).with_name("README.md")
    assert f"]({found['file']})" in readme.read_text(encoding="utf-8")
    assert readme.with_name(found["file"]).is_file()


AGAIN = """
import pickle, sys
from pathlib import Path
from grader.authoring.svg import pictures
from grader.course.course import Course
pickle.dump(pictures(Course(Path.cwd()).solutions(sys.argv[1])), sys.stdout.buffer)
"""


def drawn_by_another_process(course: Course, unit: str) -> dict[str, bytes]:
    command = [sys.executable, "-c", AGAIN, unit]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=course.root, env=environment, capture_output=True, check=True, timeout=300)
    return pickle.loads(done.stdout)


def test_another_process_draws_the_same_bytes(course):
    assert drawn_by_another_process(course, "toy") == pictures(course.solutions("toy"))


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_picture_is_light_and_drawn_the_same_by_another_process(unit):
    drawn = pictures(COURSE.solutions(unit))
    built = {path.name: path.read_bytes() for path in COURSE.assignment(unit).parent.glob("*.svg")}
    # The build was another process, too; where its processor rounded otherwise, or its matplotlib drew otherwise, ask one here.
    if drawn != built:
        assert drawn_by_another_process(COURSE, unit) == drawn
    for svg in drawn.values():
        assert len(svg) <= LIMIT
        root = ElementTree.fromstring(svg)
        assert root.find("{http://www.w3.org/2000/svg}title").text
        assert not re.search(rb"<(script|image|foreignObject|text)\b|https?://(?!www\.w3\.org)", svg)


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_notebook_holds_its_pictures(unit):
    cells = json.loads(COURSE.assignment(unit).with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    held = [base64.b64decode(data) for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)]
    files = sorted(COURSE.assignment(unit).parent.glob("*.svg"))
    assert sorted(held) == sorted(file.read_bytes() for file in files)
    assert "](" not in "".join(re.findall(r"!\[[^\n]*", text))


def test_a_picture_goes_into_readme_notebook_and_folder(course):
    build(course, ["toy"])
    folder = course.assignment("toy").parent
    assert (folder / "slope.svg").read_bytes().startswith(b"<svg ")
    assert b"<title>A line that rises &amp; rises.</title>" in (folder / "slope.svg").read_bytes()
    assert "![A line](slope.svg)\n\n*It rises.*" in (folder / "README.md").read_text()
    assert build(course, ["toy"]) == []
    assert stale(course, ["toy"]) == []


def test_a_changed_drawing_is_stale_and_a_rebuild_keeps_no_copy_of_the_old_one(course):
    build(course, ["toy"])
    path = course.solutions("toy").folder / "pictures.py"
    path.write_text(DRAWING.replace("[0, 1, 3]", "[0, 1, 4]"))
    found = stale(course, ["toy"])
    assert any(sentence.startswith("assignments/toy/slope.svg differs from a fresh build") for sentence in found)
    assert not [file for file in build(course, ["toy"]) if file.suffix == ".bak"]
    assert stale(course, ["toy"]) == []


def test_rounding_and_another_matplotlib_make_no_other_picture(course):
    svg = pictures(course.solutions("toy"))["slope.svg"].decode()
    place = re.search(r'd="M(\d+)', svg)
    moved = svg.replace(place[0], f'd="M{place[1]}.1', 1)
    far = svg.replace(place[0], f'd="M1{place[1]}', 1)
    other = re.sub(r'data-drawn-by="(\w+) [\d.]+"', r'data-drawn-by="\1 3.9.9"', far)
    edited = other.replace('data-drawn-by="', 'data-drawn-by="00')
    verdicts = [alike(text.encode(), svg.encode()) for text in (svg, moved, far, other, edited, "")]
    assert verdicts == [True, True, False, True, False, False]


def test_an_old_picture_that_is_the_same_but_for_rounding_stays(course):
    build(course, ["toy"])
    path = course.assignment("toy").with_name("slope.svg")
    place = re.search(rb'd="M(\d+)', path.read_bytes())
    path.write_bytes(path.read_bytes().replace(place[0], place[0] + b".1", 1))
    kept = path.read_bytes()
    assert [file.name for file in build(course, ["toy"])] == ["toy.ipynb"]
    assert path.read_bytes() == kept
    assert stale(course, ["toy"]) == []


@pytest.mark.parametrize(
    ("drawing", "handout", "words"),
    [
        (DRAWING, "No picture.", "shows no pictures, and pictures.py draws slope.svg; each is shown once"),
        (DRAWING, SHOWN.replace("slope", "other"), "shows other.svg, and pictures.py draws slope.svg"),
        (DRAWING, SHOWN.replace("*It rises.*", ""), "the next paragraph is its caption, in *italics*"),
        (None, SHOWN, "shows slope.svg, and pictures.py draws none"),
        (DRAWING.replace("[0, 1, 3]", "[0, 1]"), SHOWN, "line 9: the picture slope cannot be drawn: ValueError"),
        (
            DRAWING.replace("return figure", "return None"),
            SHOWN,
            "pictures.py: the picture slope cannot be drawn: AttributeError: 'NoneType' object has no attribute 'axes'; it is a function that gets the unit's reference and returns a matplotlib figure",
        ),
        (DRAWING.replace("[0, 1, 2], [0, 1, 3]", "range(9999), [x % 7 for x in range(9999)]"), SHOWN, "draw less"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_told_to_the_author(course, drawing, handout, words):
    folder = course.solutions("toy").folder
    (folder / "pictures.py").unlink()
    if drawing:
        (folder / "pictures.py").write_text(drawing)
    sections = (TOY / "solutions" / "toy" / "handout.md").read_text()
    (folder / "handout.md").write_text(handout + "\n\n" + sections)
    with pytest.raises((PictureError, UnitError)) as caught:
        pictures(Unit("toy", folder))
    assert words in str(caught.value)
