"""A training run in a notebook's cell: a curve that changes in its place, and at the end the report with the curve in it."""

import itertools
import math
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import browser
import pytest
from conftest import ROOT

from grader.notebook.cell import Cell
from grader.notebook.magics import Shown
from grader.render.live import BAR, Live, html, line, lives
from grader.report import CheckReport, ErrorMap, ExerciseReport, Finding, Report, Status, Step

TRAINS = """
def spirals(X, labels, rng):
    import time
    W = np.zeros((2, 3))
    for step in range(60):
        loss, dW = mlp_loss_and_gradients(W)
        W = W - dW
        time.sleep(0.02)
    return lambda X: np.zeros(len(X), int)
"""
CELLS = [
    "from grader.notebook import check\nimport numpy as np",
    "def mlp_loss_and_gradients(W):\n    return 1 / (1 + np.abs(W).sum()), -0.1 * np.ones_like(W)",
    TRAINS,
    'check("backprop.spirals")',
    'kept = check("backprop.spirals"); 1',
    "kept",
    'check("backprop.tanh_backward")',
    TRAINS.replace("range(60)", "range(6000)"),
    'check("backprop.spirals")',  # interrupted
    'check("backprop.tanh_backward")',
]
INTERRUPTED = 8


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """What a kernel published for each cell: (kind, content) in order."""
    pytest.importorskip("nbclient", reason="nbclient is not installed; the extra `nbgrader` brings it")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed; the extra `nbgrader` brings it")
    from jupyter_client.manager import start_new_kernel

    folder = tmp_path_factory.mktemp("live")
    (folder / "assignments").mkdir()
    shutil.copy(ROOT / "assignments" / "course.toml", folder / "assignments")
    shutil.copytree(ROOT / "assignments" / "backprop", folder / "assignments" / "backprop")
    published = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.delenv("NBGRADER_EXECUTION", raising=False)
        manager, client = start_new_kernel(cwd=str(folder))
        try:
            for number, cell in enumerate(CELLS):
                published.append(_run(manager, client, cell, interrupts=number == INTERRUPTED))
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return published


def _run(manager, client, cell: str, interrupts: bool) -> list[tuple[str, dict]]:
    asked, found, updates = client.execute(cell), [], 0
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return found
        found.append((message["msg_type"], message["content"]))
        updates += message["msg_type"] == "update_display_data"
        if interrupts and updates == 2:
            manager.interrupt_kernel()
            updates += 1


def of_kind(messages, kind: str) -> list[dict]:
    return [content for found, content in messages if found == kind]


def html_of(content: dict) -> str:
    return content["data"]["text/html"]


def test_a_curve_changes_in_its_place_and_the_report_comes_there(messages):
    cell = messages[3]
    (first,) = of_kind(cell, "display_data")
    updates = of_kind(cell, "update_display_data")
    assert {update["transient"]["display_id"] for update in updates} == {first["transient"]["display_id"]}
    *under_way, last = updates
    assert len(under_way) >= 3
    # the total is known when the run has ended, and that may be told by itself
    counts = [
        int(re.search(r"(?:step (\d+)|(\d+)/60) · loss", html_of(update)).expand(r"\1\2")) for update in under_way
    ]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    drawn = [html_of(update) for update in under_way if "<polyline" in html_of(update)]
    assert drawn
    assert all("steps/s" in picture and "loss 0." in picture for picture in drawn)
    assert "training spirals" in under_way[-1]["data"]["text/plain"]
    assert "labels at least 95 % of new points correctly" in html_of(last)
    assert "<polyline" in html_of(last)
    assert "loss of backprop.spirals" in html_of(last)


def test_the_report_is_shown_once_and_again_when_asked_for(messages):
    assert of_kind(messages[3], "execute_result") == []
    assert "0/5" in html_of(of_kind(messages[4], "update_display_data")[-1])
    (again,) = of_kind(messages[5], "execute_result")
    assert "0/5" in html_of(again)


def test_what_does_not_train_has_no_picture_under_way(messages):
    assert of_kind(messages[6], "display_data") == []
    assert len(of_kind(messages[6], "execute_result")) == 1


def test_no_more_than_four_pictures_a_second(monkeypatch):
    display = pytest.importorskip("IPython.display", reason="IPython is not installed; ipykernel brings it")
    now, shown = [0.0], []
    handle = SimpleNamespace(update=lambda bundle, raw: shown.append(now[0]))
    monkeypatch.setattr(display, "display", lambda bundle, raw, display_id: handle)
    cell = Cell(str, clock=lambda: now[0])
    cell.begins("spirals")
    for step in range(1000):
        now[0] = step / 100
        cell.watch("spirals", Step(step, 1000, 1.0))
    assert 36 <= len(shown) <= 40
    assert all(later - earlier >= 0.25 for earlier, later in itertools.pairwise(shown))


def test_an_interrupted_run_says_that_it_stopped_and_the_next_check_works(messages):
    cell = messages[INTERRUPTED]
    assert of_kind(cell, "error")[-1]["ename"] == "KeyboardInterrupt"
    assert "stopped" in html_of(of_kind(cell, "update_display_data")[-1])
    assert len(of_kind(messages[INTERRUPTED + 1], "execute_result")) == 1


def test_pictures_hold_no_script_and_ask_for_nothing(messages):
    for cell in messages:
        for content in [*of_kind(cell, "display_data"), *of_kind(cell, "update_display_data")]:
            assert not re.search(r"<script|<link|<img|<iframe|src=|url\(|\son\w+=|javascript:", html_of(content), re.I)


HOSTILE = [
    Step(10**9, 10**9, math.nan),
    Step(0, 0, math.inf),
    Step(5, 3, 1e308),
    Step(10**9, 1, -1e308),
    Step(1, 10**9, -math.inf),
    Step(2, 10**9, 5e-324),
]


def test_whatever_is_told_is_drawn_within_the_picture():
    note = lives()
    for step in HOSTILE * 3:
        live = note("<script>alert(1)</script>\x1b[2J", step)
        assert line(live, 60).isprintable()
        shown = html(live)
        assert "<script" not in shown
        assert "\x1b" not in shown
        for points in re.findall(r'points="([^"]*)"', shown):
            for point in points.split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 480
                assert 0 <= y <= 200


def test_many_steps_make_no_large_picture():
    live = Live("fits")
    for number in range(10_000):
        live.note(Step(number, 10_000, (number * 7919) % 1000 + 0.5))
    assert len(html(live)) < 20_000
    assert "0.5" in html(live)
    assert "1e+03" in html(live)


def told(*steps: Step, seconds: float = 5.0) -> Live:
    times = iter([0.0] + [seconds] * 100)
    live = Live("fits", clock=lambda: next(times))
    for step in steps:
        live.note(step)
    return live


def test_a_line_says_how_far_how_fast_and_how_long():
    live = told(Step(0, 100, 1.0), Step(25, 100, 0.51234))
    expected = f"training fits  {'━' * 5}{'·' * (BAR - 5)}  25/100  loss 0.512  5 steps/s  15 s left"
    assert line(live, 100) == expected


def test_of_a_narrow_line_the_loss_and_the_time_that_is_left_stay():
    steps = Step(0, 100, 1.0), Step(25, 100, 0.51234)
    for width in range(3, 100):
        assert len(line(told(*steps), width)) <= width
    assert line(told(*steps), 38) == "training fits  loss 0.512  15 s left"
    assert line(told(*steps), 70).startswith("training fits  ━━")
    assert line(told(*steps), 30) == "fits  loss 0.512  15 s left"
    assert line(told(*steps), 20) == "fits  loss 0.512"
    assert line(told(*steps), 10) == "fits"


def test_where_nobody_knows_the_end_there_is_no_bar_and_no_time_left():
    live = told(Step(1, 0, 1.0), Step(11, 0, 0.5))
    assert line(live, 100) == "training fits  step 11  loss 0.5  2 steps/s"


def test_a_run_that_begins_anew_is_told_anew():
    live = told(Step(50, 100, 1.0), Step(1, 100, 2.0))
    assert [step.step for step in live.curve] == [1]


REPORTED = Report(
    "this notebook",
    "",
    "toy",
    "key",
    "namespaces",
    0.1,
    (
        ExerciseReport(
            "toy.a_name_that_is_as_long_as_they_come_in_this_course",
            Status.FAILED,
            0,
            4,
            0.1,
            (
                CheckReport(
                    "is right",
                    Status.FAILED,
                    0,
                    4,
                    Finding("value", "it is not", map=ErrorMap("x", (2, 2), ((0.0, 1.0), (0.5, 0.0)))),
                ),
            ),
            curve=tuple(Step(n, 9, 1 / (n + 1)) for n in range(9)),
        ),
    ),
)


@pytest.fixture(scope="module")
def chrome():
    if why := browser.missing():
        pytest.skip(why)
    with browser.chromium() as found:
        yield found


def ratio(one: str, other: str) -> float:
    """The contrast of two colours as CSS computes them, by WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("reader", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_notebook_s_own_theme_decides_and_not_the_reader_s_system(chrome, tmp_path, theme, reader):
    """JupyterLab says on <body> which theme it has, and gives letters and ground as variables."""
    ink, ground = ("#212121", "#ffffff") if theme == "light" else ("#ffffff", "#111111")
    page = tmp_path / "cell.html"
    page.write_text(
        f'<!doctype html><meta name="viewport" content="width=device-width"><body data-jp-theme-light="{"true" if theme == "light" else "false"}" '
        f'style="background: {ground}; color: {ink}; --jp-content-font-size1: 14px; margin: 0">'
        "<style>table { table-layout: fixed; font-size: 10px } td, th { text-align: right }</style>"
        f"{Shown('Toy', REPORTED)._repr_html_()}",
        encoding="utf-8",
    )
    chrome.look(360, 800, reader == "dark")
    chrome.open(page)
    style = "const s = (css) => getComputedStyle(document.querySelector(css)); return "
    for css in (".failed", ".dim", "h3", "code"):
        colour, ground_of = chrome.run(f"{style}[s('{css}').color, s('body').backgroundColor]")
        assert ratio(colour, ground_of) >= 4.5, (css, colour)
    worst, right, ground_of = chrome.run(f"{style}[s('.map .m4').fill, s('.map .m0').fill, s('body').backgroundColor]")
    assert ratio(worst, ground_of) > 3 > ratio(right, ground_of)
    assert chrome.run("return document.documentElement.scrollWidth") <= 360
    assert chrome.run(f"{style}[s('.asked').fontSize, s('.asked th').textAlign]") == ["14px", "left"]


def test_grading_loads_no_ipython():
    """A terminal has no cell."""
    found = "import sys, cli, grader.notebook.magics; print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", found], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
