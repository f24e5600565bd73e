"""No screen of the page has what axe-core calls a violation, in light and dark, wide and narrow.

axe-core is no part of the course: GRADE_AXE names its axe.min.js, or npm fetches it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browser import chromium, missing
from conftest import ROOT
from driving import Student
from fake_site import build
from serving import SUB, serving

from grader.course.course import Course

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; the extra `web` brings it")
pytestmark = [pytest.mark.weekly, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")]
VERSION = "axe-core@4.14.1"
LOOKS = [(1600, False), (1280, True), (360, False), (360, True)]
RUN = """return axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(each =>
    [each.id, each.impact, each.help, each.nodes.slice(0, 3).map(node => [node.html.slice(0, 160), node.failureSummary])]))"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The text of axe-core."""
    if path := os.environ.get("GRADE_AXE"):
        return Path(path).read_text(encoding="utf-8")
    if not shutil.which("npm"):
        pytest.skip("no axe-core: GRADE_AXE names none, and there is no npm to fetch one")
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), VERSION]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no axe-core: npm could not fetch one ({error})")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def student(axe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(Course(ROOT), ["probability", "attention"], folder / SUB)
    with serving(folder) as server, chromium() as found:
        found.cdp("Page.addScriptToEvaluateOnNewDocument", source=axe)
        yield Student(found, server.address)


def report(student) -> None:
    """A report with a map, what was printed, hints, the console's output, a notice."""
    student.go("attention/positional_encoding")
    student.answer("positional_encoding", 'WRONG; print("hello")')
    student.check()
    student.click("Hint")
    student.click("As the terminal prints it")
    student.click("Console")
    student.write("1 / 0 # raise", ".scratch")
    student.click("Run", ".scratch")
    student.until("document.querySelector('.output').innerText.includes('42')")
    student.click("Reset")
    student.until("document.querySelector('#notices .notice')")


def drawer(student) -> None:
    student.go("attention/causal_mask")
    student.browser.look(1000, 800)
    student.click("Exercises")


SCREENS = {
    "overview": lambda student: student.go(),
    "unit": lambda student: student.go("attention"),
    "exercise": lambda student: student.go("attention/scaled_dot_product_attention"),
    "PyTorch": lambda student: student.go("attention/EncoderBlock"),
    "nothing": lambda student: (
        student.go(),
        student.run("location.hash = '#/attention/gone'"),
        student.until("document.title.startsWith('Not found')"),
    ),
    "report": report,
    "drawer": drawer,
}


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_has_no_violation(student, screen):
    student.browser.look(1280, 900)
    SCREENS[screen](student)
    found = []
    for width, dark in LOOKS:
        student.browser.look(width, 900, dark)
        student.run("return new Promise(done => setTimeout(done, 300))")
        found += [[screen, width, dark, *each] for each in student.run(RUN)]
    assert not found, "\n".join(map(str, found))


def test_a_violation_would_be_seen(student):
    student.go()
    student.run(
        "const image = document.createElement('img'); image.src = 'icon.svg'; document.querySelector('main').append(image)"
    )
    assert [each[0] for each in student.run(RUN)] == ["image-alt"]
