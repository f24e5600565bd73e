"""Fixtures of the whole suite: each module of tests leaves no process behind, and each process can be interrupted."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import leftovers
import pytest
import warm

__all__ = ["_interruptible", "_nothing_is_left", "pytest_runtest_call"]

OF: dict[int, str] = {}  # the test after which each process was first seen
KEPT: list = []  # sandboxes that serve the whole session


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    finally:
        for pid in leftovers.descendants(os.getpid()):
            OF.setdefault(pid, item.nodeid)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """A job in the background ignores Ctrl-C, and what it starts would, too; a handler of our own is not inherited."""
    before = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(ValueError):  # not in the main thread
        if before is signal.SIG_IGN:
            signal.signal(signal.SIGINT, lambda *_: None)
    yield
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    if not Path("/proc/self/task").is_dir():
        yield
        return
    mark = leftovers.marked()

    def all_of_them() -> set[int]:
        return leftovers.descendants(os.getpid()) | leftovers.bearers(mark)

    before = all_of_them()
    yield
    found = leftovers.left(lambda: all_of_them() - before - _kept())
    for pid in found:
        leftovers.end(pid)
    somebody = f"a test of {request.node.nodeid}"
    told = [f"{OF.get(pid, somebody)} has left a process: {command}" for pid, command in found.items()]
    assert not told, "\n".join(told)


def _kept() -> set[int]:
    """The fork servers of the session's sandboxes, and all below them."""
    every = [one for held in KEPT for one in (held, *getattr(held, "_siblings", {}).values())]
    roots = {one._process.pid for one in every if hasattr(one, "_process")} | {*warm.SERVERS}
    return roots.union(*map(leftovers.descendants, roots))
