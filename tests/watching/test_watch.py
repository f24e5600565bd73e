"""`grade --watch`: saves of every kind are seen, only what changed is graded, and the terminal stays calm."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from conftest import RIGHT, ROOT
from leftovers import running
from rich.text import Text

from grader.grading.judge import unasked
from grader.key import Key
from grader.render.console import tame_console
from grader.report import Finding, Status
from grader.watching.saves import POLL, SELDOM, Files, notices, settle, wait
from grader.watching.screen import Screen
from grader.watching.session import Focus, Watched, after_save, first_focus, next_focus

PATIENCE = 60  # seconds; the suite's machine may be busy with other things
STUB = "    raise NotImplementedError\n"
SCALE = "def scale(x, factor=2.0):\n"
ROWS = "def row_sums(x):\n"


def until(holds: Callable[[], object], what: str = "") -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"not seen in {PATIENCE} s: {what}"
        time.sleep(0.02)


@pytest.fixture
def watched(tmp_path, toy_key: Key) -> Watched:
    return Watched(tmp_path / "toy.py", toy_key)


def grade_text(watched: Watched, sandbox, text: str):
    watched.path.write_text(text)
    report = watched.regrade(sandbox, lambda name: None)
    return report and [exercise.id.partition(".")[2] for exercise in report.exercises]


def test_only_what_changed_is_graded(watched, sandbox):
    assert grade_text(watched, sandbox, RIGHT) == ["scale", "row_sums", "mean_and_spread"]
    assert grade_text(watched, sandbox, RIGHT + "\n# a thought\n") is None
    assert grade_text(watched, sandbox, RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")) == ["row_sums"]
    assert watched.points == 10 - watched.reports["row_sums"].max_points
    assert grade_text(watched, sandbox, RIGHT) == ["row_sums"]
    assert watched.points == watched.max_points == 10


def test_a_helper_that_changes_brings_its_callers_along(watched, sandbox):
    helped = RIGHT.replace("np.sum(x, axis=1)", "_add(x)") + "\n\ndef _add(x):\n    return x.sum(1)\n"
    grade_text(watched, sandbox, helped)
    assert grade_text(watched, sandbox, helped.replace("x.sum(1)", "x.sum(0)")) == ["row_sums"]


def test_a_module_of_the_students_own_is_watched_too(watched, sandbox):
    watched.path.with_name("mine.py").write_text("def add(x):\n    return x.sum(1)\n")
    source = RIGHT.replace("np.sum(x, axis=1)", "mine.add(x)").replace(
        "import numpy as np", "import mine\nimport numpy as np"
    )
    assert source.count("mine.add") == 1
    grade_text(watched, sandbox, source)
    assert watched.reports["row_sums"].status is Status.PASSED
    assert [path.name for path in watched.files] == ["toy.py", "mine.py"]
    watched.path.with_name("mine.py").write_text("def add(x):\n    return x.sum(0)\n")
    assert grade_text(watched, sandbox, source) == ["row_sums"]
    assert watched.reports["row_sums"].status is Status.FAILED


def test_every_way_to_save_is_a_change(tmp_path):
    path, files = tmp_path / "toy.py", Files()
    path.write_text("a")
    files.note([path])
    assert files.changed() == []
    (tmp_path / "new").write_text("b")
    os.replace(tmp_path / "new", path)  # as vim and many others do
    assert files.changed() == [path]
    files.note([path])
    path.write_text("cc")
    assert files.changed() == [path]
    files.note([path])
    path.unlink()
    assert files.changed() == []  # between the two halves of a rename there is nothing to grade
    path.write_text("dd")
    assert files.changed() == [path]


@pytest.mark.parametrize("half", ["", RIGHT[: len(RIGHT) // 3], RIGHT[: RIGHT.index("def row_sums") + 12]])
def test_half_a_file_is_waited_for(watched, sandbox, half):
    grade_text(watched, sandbox, RIGHT)
    watched.path.write_text(half)
    assert not watched.looks_whole()
    writer = threading.Timer(0.03, watched.path.write_text, [RIGHT])
    writer.start()
    settle(watched.path, watched.looks_whole)
    assert watched.path.read_text() == RIGHT
    assert watched.regrade(sandbox, lambda name: None) is None
    writer.join()


def test_a_file_that_stays_broken_is_graded_as_it_is(watched, sandbox):
    grade_text(watched, sandbox, RIGHT)
    broken = RIGHT.replace(ROWS, "def row_sums(x:\n")
    watched.path.write_text(broken)
    settle(watched.path, watched.looks_whole)
    assert grade_text(watched, sandbox, broken) == ["row_sums"]
    assert watched.reports["row_sums"].status is Status.UNREADABLE


def test_the_focus_goes_to_what_is_wrong_then_to_what_is_not_written(watched, sandbox):
    stubs = re.sub(r"(def (?:scale|mean_and_spread)\(.*\n)", rf"\1{STUB}", RIGHT)
    wrong = stubs.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")
    grade_text(watched, sandbox, wrong)
    focus = first_focus([watched])
    assert focus == Focus(0, "row_sums")
    watched.path.write_text(stubs)
    focus = after_save([watched], focus, 0, watched.regrade(sandbox, lambda name: None))
    assert focus == Focus(0, "mean_and_spread")  # it has passed: on to the next
    assert next_focus([watched], focus) == Focus(0, "scale")
    watched.path.write_text(stubs.replace(SCALE + STUB, SCALE + "    return 7\n"))
    focus = after_save([watched], focus, 0, watched.regrade(sandbox, lambda name: None))
    assert focus == Focus(0, "scale")  # what is being edited is what is shown


def put_off(exercise, unit, why=Status.SKIPPED):
    return unasked(exercise, unit, why, Finding("missing", "it waits for scale, which is not right yet"))


def test_what_was_not_tried_is_neither_wrong_nor_in_focus(watched):
    names = [exercise.name for exercise in watched.exercises]
    why = dict(zip(names, [Status.MISSING, Status.SKIPPED, Status.PENDING], strict=True))
    watched.reports = {each.name: put_off(each, "toy", why[each.name]) for each in watched.exercises}
    assert first_focus([watched]) == Focus(0, names[0])
    for name in names:
        shown = screen_of([watched], Focus(0, name), 80)
        assert "✗" not in shown
        assert "0/" not in shown.replace(f"0/{watched.max_points}", "")
    assert "it waits for scale" in screen_of([watched], Focus(0, names[1]), 80)


def screen_of(files, focus, width, height=40) -> str:
    """What a terminal of a width shows, letter by letter: one that does not wrap, and erases what it is told to."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    screen = Screen(out, tame_console(file=out, force_terminal=True, color_system=None))
    screen.size = os.terminal_size((width, height))
    screen.draw(files, focus, Text("Save a file, and what changed in it is graded."))
    out.seek(0)
    rows, at = [[" "] * width for _ in range(height + 1)], [0, 0]
    for found in re.finditer(r"\x1b\[([0-9;?]*)([A-Za-z])|(.)", out.read(), re.DOTALL):
        how, letter = found[2], found[3]
        row, column = at[0], min(at[1], width - 1)
        if how in ("K", "J"):
            rows[row][column:] = " " * (width - column)
            for below in rows[row + 1 :] if how == "J" else ():
                below[:] = " " * width
        elif letter == "\n":
            at = [row + 1, 0]
        elif letter:
            rows[row][column] = letter
            at[1] += 1
    return "\n".join("".join(row).rstrip() for row in rows)


@pytest.mark.parametrize("width", [230, 80, 61, 40])
def test_a_screen_of_any_width_has_every_word_whole(watched, sandbox, width, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    watched.path = watched.path.relative_to(tmp_path)  # as somebody who stands there sees it
    wrong = RIGHT.replace("x * factor", "x + factor").replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")
    grade_text(watched, sandbox, wrong)
    wide = set(screen_of([watched], Focus(0, "scale", hints=2), 230).split())
    shown = screen_of([watched], Focus(0, "scale", hints=2), width)
    assert max(map(len, shown.split("\n"))) <= width
    assert [word for word in shown.split() if word not in wide] == []
    assert len(shown.split()) == len(screen_of([watched], Focus(0, "scale", hints=2), 230).split())


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_save_is_noticed_with_watchfiles_at_once_and_without_by_looking(tmp_path, monkeypatch, is_installed):
    if is_installed:
        pytest.importorskip("watchfiles")
    else:
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    with notices([tmp_path]) as (heard, patience):
        assert (heard >= 0, patience) == (is_installed, SELDOM if is_installed else POLL)
        if is_installed:

            def saved_and_heard() -> list[int]:
                (tmp_path / "toy.py").write_text("x = 1")  # again: the watch may not have begun yet
                return wait([heard], 0.1)

            until(saved_and_heard, "the notice")


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt cannot be sent to a process there")
def test_a_log_gets_plain_lines(toy_course, tmp_path):
    file = toy_course / "assignments" / "toy" / "toy.py"
    log = tmp_path / "log"
    with open(log, "wb") as output:
        command = [sys.executable, str(ROOT / "cli.py"), "toy", "--watch"]
        with running(command, cwd=toy_course, stdout=output, stderr=output) as process:
            until(lambda: "watching" in log.read_text(), "the start")
            file.write_text(RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)"))
            until(lambda: "> These are the sums of the columns." in log.read_text(), "the mistake")
            file.write_text(RIGHT)
            until(lambda: re.search(r"toy.row_sums \d/\d passed\n.*these", log.read_text()), "the cure")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
    text = log.read_text()
    assert "\x1b" not in text
    assert "Traceback" not in text
    assert re.search(r"^\d\d:\d\d:\d\d toy.row_sums 0/\d failed$", text, re.M)


@pytest.fixture
def tmux(tmp_path) -> Iterator[Callable[..., str]]:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    socket = str(tmp_path / "tmux")

    def run(*args: str) -> str:
        command = ["tmux", "-S", socket, "-f", "/dev/null", *args]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=30).stdout

    yield run
    run("kill-server")


def test_save_see_fix_next_in_a_real_terminal(tmux, toy_course):
    file = toy_course / "assignments" / "toy" / "toy.py"
    stubs = file.read_text()
    command = f"cd {toy_course}; echo the shell; {sys.executable} {ROOT / 'cli.py'} toy --watch; sleep 60"
    tmux("new-session", "-d", "-x", "80", "-y", "24", "-e", f"XDG_DATA_HOME={os.environ['XDG_DATA_HOME']}", command)

    def seen(*words: str) -> None:
        until(lambda: all(word in tmux("capture-pane", "-p") for word in words), str(words))

    seen("Save a file", "· scale", "h hint   n next   q quit")
    wrong = stubs.replace(stubs[stubs.index("    # YOUR CODE HERE") :], "    return x\n", 1)
    file.write_text(wrong)
    seen("✗ scale", "not yet: scale")
    tmux("send-keys", "h")
    seen("hint 1 of 2")
    temporary = file.with_suffix(".new")
    temporary.write_text(wrong.replace("return x\n", "return x * factor\n"))
    os.replace(temporary, file)
    seen("passed: scale", "✓", "· row_sums")
    tmux("send-keys", "n")
    seen("· mean_and_spread")
    assert tmux("capture-pane", "-p").count("h hint") == 1
    tmux("send-keys", "q")
    seen("the shell", "of 10 points")  # what stood there before is there again
    assert "h hint" not in tmux("capture-pane", "-p", "-S", "-100")
