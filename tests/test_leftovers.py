"""A process that outlives its test is found, wherever it hangs, and so named that one finds the test."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from leftovers import MARK, bearers, descendants, end, left, running, unmarked

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in /proc")

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def of_this() -> set[int]:
    return bearers(f"{MARK}={os.getpid()}") | descendants(os.getpid())


def test_a_child_is_found_until_it_has_ended():
    before = of_this()
    with running(SLEEPS) as process:
        assert process.pid in descendants(os.getpid())
        assert "time.sleep(60)" in left(lambda: of_this() - before, patience=0)[process.pid]
    assert left(lambda: of_this() - before) == {}


def test_a_child_whose_parent_has_gone_is_found_by_its_mark():
    code = f"import subprocess; print(subprocess.Popen({SLEEPS!r}, stdout=-3, stderr=-3).pid)"
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    try:
        assert pid not in descendants(os.getpid())
        assert pid in bearers(f"{MARK}={os.getpid()}")
    finally:
        end(pid)


def test_what_serves_the_whole_session_bears_no_mark():
    with running(SLEEPS, env=unmarked()) as process:
        assert process.pid not in bearers(f"{MARK}={os.getpid()}")


def test_one_that_has_ended_and_was_not_asked_for_is_none():
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process.pid not in of_this()
    process.wait()


MODULE = """
import subprocess, sys

def test_well():
    pass

def test_forgets():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
"""


def test_the_suite_names_the_test_and_ends_the_process(tmp_path):
    (tmp_path / "test_one.py").write_text(MODULE)
    (tmp_path / "conftest.py").write_text("from nothing_left import *\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path)
    assert done.returncode == 1
    assert "test_one.py::test_forgets has left a process" in done.stdout
    assert "time.sleep(60)" in done.stdout
    assert "1 error" in done.stdout


def test_a_child_can_be_interrupted_however_the_suite_was_started():
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    with running(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1, stderr=-1
    ) as child:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) in (-signal.SIGINT, 130)
