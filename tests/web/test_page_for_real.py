"""The released site in real browsers: Python runs in the page, and says what `grade` says of the same file.

GRADE_PYODIDE names a folder with the Pyodide that `grade release web --pyodide DIR` takes.
"""

import json
import os
import re
import time
from pathlib import Path

import browser as chrome
import firefox as fox
import pytest
from conftest import ROOT, weekly
from driving import Student
from serving import SUB, serving

from grader.course.choice import choose
from grader.course.course import Course
from grader.grading import grade
from grader.key import from_bytes
from grader.releases import web_site
from grader.releases.pyodide import runtime
from grader.render.plain_words import told
from grader.sandbox.opening import open_sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; the extra `web` brings it")
PYODIDE = os.environ.get("GRADE_PYODIDE", "")
pytestmark = pytest.mark.skipif(not PYODIDE, reason="GRADE_PYODIDE names no folder with Pyodide")
NAMES = [
    *("scaled_dot_product_attention", "causal_mask", "padding_mask", "additive_attention"),
    *("local_attention", "hard_attention", "positional_encoding"),
]
BROWSERS = {"chromium": (chrome.missing, chrome.chromium), "firefox": (fox.missing, fox.firefox)}
RIGHT = {
    "causal_mask": "return np.tril(np.ones((T, T), bool))",
    "padding_mask": "return (np.arange(T) < np.asarray(lengths)[:, None])[:, None]",
    "positional_encoding": """angles = np.arange(T)[:, None] / 10000.0 ** (np.arange(0, D, 2) / D)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(T, D)""",
}
WRONG = {
    "scaled_dot_product_attention": """scores = q @ np.swapaxes(k, -1, -2) / q.shape[-1]
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    print("scores", scores.shape)
    return softmax(scores) @ v""",
    "additive_attention": "import scipy\n    return scipy.special",
    "local_attention": "while True:\n        pass",
    "hard_attention": "import os\n    os._exit(3)",
}


QUICK = ["scaled_dot_product_attention", "additive_attention"]  # a loop takes its ten seconds, here and there


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The released site of seven exercises below a path of its server."""
    folder = tmp_path_factory.mktemp("released")
    course = choose(Course(ROOT), [f"attention.{name}" for name in NAMES])
    for name, content in web_site.tree(course, runtime(PYODIDE), f"/{SUB}/").items():
        path = folder / SUB / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module", params=["chromium", weekly("firefox")])
def student(request, site):
    why, open_browser = BROWSERS[request.param]
    if missing := why():
        pytest.skip(missing)
    with serving(site) as server, open_browser() as found:
        student = Student(found, server.address)
        student.server = server
        yield student


@pytest.fixture(scope="module")
def as_usual():
    """A sandbox with the limits that `grade` has by itself: the sentences on time name them."""
    with open_sandbox(Limits()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def key(site):
    return from_bytes((site / SUB / "units" / "attention.key").read_bytes(), "attention")


def shown(student) -> list[str]:
    """What the report says, line for line, or its word where that is all."""
    lines = student.run("return document.querySelector('.verdict-place .terminal pre')?.textContent.split('\\n') ?? []")
    verdict = student.text(".verdict-place .verdict").replace("\n", " ")
    return lines or [re.sub(r"^\W+|\. \d+ of \d+ points\.$", "", verdict)]


def native(key, sandbox, text: str) -> dict:
    """What `grade` says of a file: (points, status, lines) of each exercise."""
    report = grade(Submission("attention.py", text.encode()), key, sandbox)
    return {each.id.partition(".")[2]: (each.points, each.status, told(each)) for each in report.exercises}


@pytest.mark.parametrize("wrong", [QUICK, weekly(list(WRONG))], ids=["quick", "whole"])
def test_a_student_s_whole_way_and_grade_says_the_same(student, key, as_usual, tmp_path, wrong):
    student.go("attention/causal_mask")
    stub = json.loads((student.server.folder / SUB / "units" / "attention.json").read_text(encoding="utf-8"))["stub"]
    student.write(stub.replace("def causal_mask(T):", "def causal_mask(T:"))
    assert_same(student, "causal_mask", native(key, as_usual, student.written()))
    student.write(stub)
    for name, body in (RIGHT | {name: WRONG[name] for name in wrong}).items():
        student.answer(name, body)
    text = student.written()
    expected = native(key, as_usual, text)
    statuses = dict(zip(WRONG, ("failed", "forbidden", "timeout", "crash"), strict=True))
    assert {name: expected[name][1] for name in wrong} == {name: statuses[name] for name in wrong}
    for name in [*RIGHT, *wrong]:
        student.run("location.hash = arguments[0]", f"#/attention/{name}")
        student.until("document.querySelector('h1').textContent === arguments[0]", name)
        assert_same(student, name, expected)
    assert "You divide the scores by d instead of √d" in json.dumps(expected, ensure_ascii=False)
    student.settled()
    student.server.stop()
    student.reload("attention/positional_encoding")
    assert student.written() == text
    assert_same(student, "positional_encoding", expected)
    assert exported(student, tmp_path) == text
    student.server.start()


def assert_same(student, name: str, expected: dict) -> None:
    report = student.check(120)
    points, status, lines = expected[name]
    whole = student.run("return document.querySelector('.verdict-place .verdict').textContent")
    assert f"{points} of " in whole
    if status == "passed":
        assert "Right." in report
    else:
        assert [line.lower() for line in shown(student)] == [line.lower() for line in lines]


def exported(student, folder: Path) -> str:
    """The text of the file that Export saves."""
    if isinstance(student.browser, fox.Firefox):
        folder = student.browser.downloads
    else:
        student.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    (folder / "attention.py").unlink(missing_ok=True)  # a browser gives the next one another name
    student.click("Export", ".toolbar")
    for _ in range(100):
        if (file := folder / "attention.py").exists() and file.stat().st_size:
            return file.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError("nothing was exported")


def test_the_console_runs_a_student_s_function_and_says_what_it_printed(student):
    student.go("attention/causal_mask")
    if RIGHT["causal_mask"] not in student.written():
        student.answer("causal_mask", RIGHT["causal_mask"])
    student.click("Console")
    student.write("print('hello')\ncausal_mask(2)", ".scratch")
    student.click("Run", ".scratch")
    output = student.until(
        "(text => text.includes('array') && text)(document.querySelector('.output').innerText)", seconds=90
    )
    assert output.startswith("hello\n")
    assert "[ True,  True]" in output


def test_a_failing_case_is_shown_and_runs_in_the_console(student):
    student.go("attention/causal_mask")
    mask = student.written()
    student.run("location.hash = arguments[0]", "#/attention/positional_encoding")
    student.until("document.querySelector('h1').textContent === 'positional_encoding'")
    right, wrong = RIGHT["positional_encoding"], "return np.zeros((T, D))"
    student.write(mask.replace(right, wrong) if right in mask else mask)
    if right not in mask:
        student.answer("positional_encoding", wrong)
    assert "Show the failing case" in student.check(120)
    student.click("Show the failing case")
    lines = student.until("document.querySelector('.snippet pre')?.innerText")
    assert "from attention import positional_encoding" in lines
    student.click("Put it into the console")
    student.click("Run", ".scratch")
    output = student.until(
        "(text => text.includes('got:') && text)(document.querySelector('.output').innerText)", seconds=90
    )
    assert output.startswith("expected:\n[[")
    assert "Error" not in output
