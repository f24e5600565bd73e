"""Workers that are made ahead: who asks for one finds it ready, and never one that is dead, stale or known to anybody."""

import os
import signal
import time
from dataclasses import replace

import pytest
from conftest import RIGHT, TOY
from leftovers import descendants, is_alive

from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.grading import grade
from grader.report import Status
from grader.sandbox import control
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.levels import LEVELS
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission


@pytest.fixture(scope="module")
def key():
    return compile_key(Course(TOY).solutions("toy"), 5)


def graded(source: str, key, sandbox: Sandbox):
    return grade(Submission("toy.py", source.encode()), key, sandbox)


def made(sandbox: Sandbox, count: int) -> set[int]:
    """The process numbers, on this machine, of the workers that wait once there are `count`."""
    _ = sandbox.level
    sandbox._waiting().close()  # the first, by which the level was proven
    before = descendants(sandbox._process.pid)
    sandbox.ahead(count)
    end = time.monotonic() + 20
    while len(new := descendants(sandbox._process.pid) - before) < count and time.monotonic() < end:
        time.sleep(0.01)
    assert len(new) == count
    return new


def all_end(pids: set[int]) -> bool:
    """Whether these processes end within some seconds."""
    end = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < end:
        time.sleep(0.01)
    return not any(map(is_alive, pids))


@pytest.mark.parametrize("level", LEVELS)
def test_a_worker_is_there_before_it_is_asked_for(level):
    with Sandbox(strongest=level, least=level, spare=2) as sandbox:
        sandbox.worker().close()
        assert len(sandbox._coming) == 2
        asked_for = [coming.channel for coming in sandbox._coming]
        assert sandbox.worker().channel is asked_for[0]


def test_what_was_asked_for_before_the_fork_server_was_ready_is_the_first_worker():
    with Sandbox() as sandbox:
        sandbox.ahead()
        (coming,) = sandbox._coming
        assert sandbox.worker().channel is coming.channel
        assert not sandbox._coming


def test_a_level_that_does_not_hold_takes_what_was_asked_for_with_it(monkeypatch):
    from grader.sandbox import server

    broken = server.START.replace("main(int(control)", "level == 'namespaces' and sys.exit(1); main(int(control)")
    monkeypatch.setattr(server, "START", broken)
    with Sandbox() as sandbox:
        sandbox.ahead(3)
        assert sandbox.worker().is_idle()
        assert sandbox.level != "namespaces"


@pytest.mark.parametrize("level", LEVELS)
def test_one_that_has_died_is_nobodys(level, key):
    """Whoever killed it while it waited, it costs no submission anything."""
    with Sandbox(strongest=level, least=level) as sandbox:
        killed = made(sandbox, 2)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert all_end(killed)
        report = graded(RIGHT, key, sandbox)
        assert (report.points, report.max_points) == (10, 10)


def test_one_whose_fork_server_was_killed_is_nobodys(key):
    with Sandbox() as sandbox:
        waiting = made(sandbox, 2)
        sandbox._process.kill()
        sandbox._process.wait()
        assert graded(RIGHT, key, sandbox).points == 10
        assert all_end(waiting)


def test_other_limits_are_those_of_the_next_worker():
    with Sandbox(spare=1) as sandbox:
        sandbox.worker().close()
        sandbox.limits = replace(sandbox.limits, memory=1 << 30)
        worker = sandbox.worker()
        assert worker.limits.memory == 1 << 30
        assert worker.is_idle()


HOLDS = """
import numpy as np

HELD = np.ones(24 << 20)  # 192 MB, more than half of what a worker has here

def row_sums(x):
    return x.sum(axis=1)
"""


def test_each_has_its_own_memory_limit(key):
    """Workers that wait while one fills its memory, and those that come after it, have as much as the first."""
    with Sandbox(Limits(memory=320 << 20), spare=2) as sandbox:
        for _ in range(4):
            report = graded(HOLDS, key, sandbox)
            assert next(item for item in report.exercises if item.id == "toy.row_sums").status is Status.PASSED


LEAVES = """
import builtins, numpy as np

try:
    with open("left", "x") as file:
        file.write("1")
    builtins.left = getattr(builtins, "left", 0) + 1
except FileExistsError:
    builtins.left = 100

def row_sums(x):
    return x.sum(axis=1) if builtins.left == 1 else None
"""


@pytest.mark.parametrize("level", ["namespaces", "landlock"])
def test_nothing_of_one_submission_is_there_for_the_next(level, key):
    with Sandbox(strongest=level, least=level, spare=1) as sandbox:
        for _ in range(3):
            report = graded(LEAVES, key, sandbox)
            assert next(item for item in report.exercises if item.id == "toy.row_sums").status is Status.PASSED


@pytest.mark.parametrize("ends", [Sandbox.close, Sandbox.part])
def test_none_is_left_behind(ends):
    sandbox = Sandbox()
    try:
        waiting = made(sandbox, 3)
        ends(sandbox)
        assert all_end(waiting)
    finally:
        sandbox.close()
    assert sandbox._process.returncode is not None


def test_a_fork_server_that_was_never_asked_can_be_let_go():
    with Sandbox() as sandbox:
        assert sandbox.level
        process = sandbox._process
        sandbox.part()
    assert sandbox._process is process, "it was started again"


def test_a_worker_may_be_ended_after_all_were_let_go():
    with Sandbox() as sandbox:
        worker, process = sandbox.worker(), sandbox._process
        sandbox.part()
        worker.close()
    assert sandbox._process is process, "it was started again"


def test_several_requests_may_come_at_once():
    """Of what the fork server reads with one call, the descriptors belong to the request for a worker."""
    connection = control.Control()
    try:
        with connection.theirs as theirs:
            coming = [connection.fork(Limits()) for _ in range(3)]
            theirs.sendall(b'{"ready": "process"}\n{"pid": 11}\n{"pid"')
            theirs.sendall(b': 12}\n{"pid": 13}\n{"status": 9, "was_short": false}\n')
            assert connection.reap(12) == {"status": 9, "was_short": False}
            assert [one.pid for one in coming] == [11, 12, 13]
    finally:
        for one in coming:
            one.forget()
        connection.close()
