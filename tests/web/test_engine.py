"""The page's engine under node: the words of a terminal, limits that hold, and nothing to be had from the student's side.

Node's threads reach files and the network, so what only a browser holds (storage, requests) is shown in a browser.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import RIGHT, ROOT, TOY
from sweep import NodeEngine, differences, drawn, engine, unexplained
from test_hostile import ROWS, points_of

from grader.course.choice import choose
from grader.course.course import Course
from grader.key import Key
from grader.report import CheckReport, Finding, Status
from grader.snippets import snippet

PYODIDE = os.environ.get("GRADE_PYODIDE", "")
WHY = "" if PYODIDE and shutil.which("node") else "needs node, and GRADE_PYODIDE with the folder of Pyodide's files"
pytestmark = [pytest.mark.skipif(bool(WHY), reason=WHY), pytest.mark.xdist_group("node")]
SCALE, SUMS = "return x * factor", "return np.sum(x, axis=1)"
HOSTILE = [row for row in ROWS if row.file == "toy.py" and row.outcome != "any"]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NodeEngine, dict[str, Key]]]:
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "assignments").mkdir()
    shutil.copy(root / "solutions" / "course.toml", root / "assignments" / "course.toml")
    with engine(Course(root), Path(PYODIDE)) as found:
        yield found


@pytest.fixture
def page(opened: tuple[NodeEngine, dict[str, Key]]) -> NodeEngine:
    return opened[0]


def asked(page: NodeEngine, source: str, *names: str, seconds: float = 0) -> dict[str, Any]:
    """The reports of some exercises by name, each with its `words`."""
    answer = page.ask(unit="toy", source=source, exercises=names or None, seconds=seconds)
    assert "report" in answer, answer
    found = {each["id"].partition(".")[2]: each for each in answer["report"]["exercises"]}
    return {name: each | {"words": answer["words"][name]} for name, each in found.items()}


def test_the_page_says_what_the_terminal_says(page):
    found = asked(page, RIGHT.replace("axis=1", "axis=0"))
    assert [found[name]["status"] for name in ("scale", "row_sums", "mean_and_spread")] == [
        "passed",
        "failed",
        "passed",
    ]
    assert any("sums have shape (5,), expected (3,)" in line for line in found["row_sums"]["words"]), found["row_sums"][
        "words"
    ]
    assert found["scale"]["words"] == []


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("while True: pass", "timeout", "no answer after 2 s"),
        ("import os; os._exit(3)", "crash", "ended the process with exit status 3"),
        ("import requests", "forbidden", "requests may not be imported here"),
        ("return x *", "unreadable", "SyntaxError"),
        ("return scale(x, factor)", "error", "RecursionError"),
        ("return np.zeros((1 << 16, 1 << 18))", "memory", "far larger than it needs to be"),
        ("while True: print('much' * 1000)", "crash", "it printed more than 64 MB"),
        ("input()", "error", "EOFError"),
        ("raise SystemExit", "error", "your code calls sys.exit()"),
        ("import threading; threading.Thread(target=print).start(); return x * factor", "error", "RuntimeError"),
    ],
)
def test_an_end_is_told_and_costs_no_other_exercise(page, code, status, says):
    found = asked(page, RIGHT.replace(SCALE, code), seconds=2)
    assert found["scale"]["status"] == status, found["scale"]
    assert any(says in line for line in found["scale"]["words"]), found["scale"]["words"]
    assert found["row_sums"]["status"] == found["mean_and_spread"]["status"] == "passed"


def test_what_is_printed_is_told_and_cut(page):
    found = asked(page, RIGHT.replace(SCALE, "print('here', x.shape, '<b>'); return x"), "scale")
    assert any("here" in line and "<b>" in line for line in found["scale"]["words"])


def test_whole_numbers_come_as_those_that_count(page):
    code = "import numpy as np\n\nassert np.bincount(np.arange(3)).dtype.kind == 'i'\nkind = np.intp"
    answer = page.ask(unit="toy", source=RIGHT, code=f"{code}\nprint(np.dtype(kind).itemsize)\n40 + 2")
    assert (answer["value"], answer["error"], answer["printed"]) == ("42", "", "4\n")


def test_a_failing_case_is_the_lines_of_grade_case_and_runs_in_the_console(opened):
    (page, keys), wrong = opened, RIGHT.replace("axis=1", "axis=0")
    exercise = keys["toy"].exercise("row_sums")
    check = asked(page, wrong, "row_sums")["row_sums"]["checks"][0]
    label = check["finding"]["message"].partition("(case: ")[2].removesuffix(")")
    answer = page.ask(unit="toy", source=wrong, exercises=["row_sums"], label=label)
    told = CheckReport(check["claim"], Status.FAILED, 0, 1, Finding(**check["finding"]))
    assert answer["snippet"] == snippet(exercise, label, "toy", told=told)
    ran = page.ask(unit="toy", source=wrong, code=answer["snippet"])
    expected = next(each.expected for each in exercise.questions if each.label == label)
    assert ran["error"] == ""
    assert ran["printed"].startswith(f"expected:\n{expected}\ngot:\n")


def test_a_case_that_is_none_is_refused_in_one_sentence(page):
    answer = page.ask(unit="toy", source=RIGHT, exercises=["scale"], label="nowhere")
    assert answer["error"] == "scale has no case 'nowhere'"


def test_code_that_is_tried_out_says_where_it_stops(page):
    answer = page.ask(unit="toy", source=RIGHT, code="scale(3)\nscale(None)")
    assert answer["error"].startswith("Traceback")
    assert "TypeError" in answer["error"]
    assert "/inside" not in answer["error"]


BRIDGES = """
import gc, sys, importlib
reached = []
for name in ("js", "pyodide", "pyodide_js", "pyodide.ffi", "_pyodide", "_pyodide_core", "pyodide_js._api"):
    try:
        importlib.import_module(name)
        reached.append(name)
    except BaseException:
        pass
reached += [name for name in sys.modules if "pyodide" in name or name == "js"]
print(reached)
"""
PROXIES = """
import gc
proxies = [each for each in gc.get_objects() if type(each).__name__ == "JsProxy"]
posts = []
for page in [each for each in gc.get_objects() if type(each).__name__ == "Page"]:
    posts.append(page.post)
"""
# A frame as the worker's own side makes it: of what it claims, only an array is looked at.
FORGED = """
import json, struct
def frame(tree):
    header = json.dumps(tree).encode()
    return struct.pack("<4sIQ", b"GRD1", len(header), 0) + header
PASSED = {"d": [["status", "passed"], ["points", 3]]}
VALUE = {"d": [["value", 1.0], ["changed", []]]}
RUN = {"d": [["problems", []], ["names", {"d": [["row_sums", "function"]]}]]}
"""


def test_the_bridge_to_javascript_has_no_name(page):
    answer = page.ask(unit="toy", source=RIGHT, code=BRIDGES)
    assert answer["printed"].strip().splitlines()[-1:] == ["[]"], answer


@pytest.mark.parametrize(
    "attack",
    [
        "[post(frame(PASSED)) for post in posts]",
        "[post(frame(VALUE)) for post in posts for _ in range(50)]",
        "[post(frame(RUN)) for post in posts for _ in range(5)]",
        "[post(b'nonsense') for post in posts]",
        "[page.say('x' * 100) for page in [e for e in gc.get_objects() if type(e).__name__ == 'Page'] for _ in range(100)]",
        "[page.printed.flood() for page in [e for e in gc.get_objects() if type(e).__name__ == 'Page']]",
        "[post(frame(VALUE)) for post in posts for _ in range(200_000)]",
        "[page.submission.__class__ for page in gc.get_objects() if type(page).__name__ == 'Page'][0].call = lambda *a, **k: PASSED",
        "gc.get_objects().clear(); import sys; sys.modules.clear()",
        "import sys; sys.stdout = sys.stderr = None",
    ],
)
def test_a_forged_reply_earns_nothing(page, attack):
    wrong = RIGHT.replace(SUMS, f"{attack}\n    return np.zeros(len(x))")
    for source in (
        f"{PROXIES}{FORGED}{wrong}",
        f"{PROXIES}{FORGED}{RIGHT.replace(SUMS, 'return np.zeros(len(x))')}\ntry:\n    {attack}\nexcept BaseException:\n    pass\n",
    ):
        found = asked(page, source, "row_sums", seconds=3)
        assert found["row_sums"]["points"] == 0, found
    assert asked(page, RIGHT, "row_sums")["row_sums"]["status"] == "passed"


def test_what_lies_in_the_students_worker_holds_no_answer(page):
    code = (
        "import gc, sys, os\n"
        "names = [name for name in sys.modules if name.split('.')[0] == 'grader']\n"
        "found = [os.path.join(folder, file) for folder, _, files in os.walk('/') for file in files if not folder.startswith(('/proc', '/lib', '/dev'))]\n"
        "print(names, sorted({each.split('/')[1] for each in found}), [each for each in found if 'key' in each or 'judg' in each])"
    )
    answer = page.ask(unit="toy", source=RIGHT, code=code)
    assert answer["printed"].strip() == "[] ['inside'] []", answer


def _some(rows: list) -> list:
    """Each on the weekly run; every eighth on a push."""
    return [
        pytest.param(row, id=row.name, marks=[] if number % 8 == 0 else pytest.mark.weekly)
        for number, row in enumerate(rows)
    ]


def _is_text(row: Any) -> bool:
    """Whether a page can have this file: what stands in an editor is text."""
    try:
        row.content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("row", _some([row for row in HOSTILE if _is_text(row)]))
def test_a_hostile_submission_gets_no_more_than_natively(page, row):
    # a worker in a page is slower; what plays with the limit has the one that it plays with
    seconds = row.seconds if "timeout" in row.status else max(2 * row.seconds, 2.0)
    found = asked(page, row.content.decode(), "row_sums", seconds=seconds)
    most = points_of(row)
    assert most is None or found["row_sums"]["points"] <= most, found


def test_a_sample_of_the_corpus_gets_the_native_verdict_points_and_first_hint():
    course = choose(Course(ROOT), ["probability", "neural_networks", "optimization"])
    with engine(course, Path(PYODIDE)) as (found, keys):
        compare(found, keys, drawn(course, 30, seed=19))


def compare(found: NodeEngine, keys: dict[str, Key], chosen: list) -> None:
    different = [
        (sample.name, pairs)
        for sample, native, page, _ in differences(found, keys, chosen)
        if (pairs := unexplained(sample, native, page))
    ]
    assert different == [], json.dumps(different[0], indent=1)
