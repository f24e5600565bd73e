"""Where a submission's time goes: one grader's process, layer by layer, and what its workers use beside it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from grader.classroom.marking.pool import as_text
from grader.grading import grade, loaded
from grader.grading.asking import Asking
from grader.key import Key
from grader.sandbox.server import Sandbox
from grader.sandbox.worker import Worker
from grader.submission import Submission

# Each is measured without what it waits for in one of the others.
LAYERS = {
    "a worker is had: forked, isolated, proven": (Sandbox, "worker"),
    "the file is sent, read and run": (loaded.Loaded, "_try"),
    "answers are waited for and decoded": (Asking, "_receive"),
    "questions are sent": (Asking, "_send"),
    "a worker is ended": (Worker, "close"),
}
REST = "judging, diagnosis, the report"
AS_TEXT = "the report as text"


class Clock:
    """Adds up what is spent in each layer; the innermost one that is under way counts."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.under_way = [REST]
        self.since = time.perf_counter()

    def turn(self, change: Callable[[], object]) -> None:
        now = time.perf_counter()
        self.spent[self.under_way[-1]] += now - self.since
        self.since = now
        change()

    @contextmanager
    def within(self, layer: str):
        self.turn(lambda: self.under_way.append(layer))
        try:
            yield
        finally:
            self.turn(self.under_way.pop)

    def timed(self, layer: str, function: Callable) -> Callable:
        def measured(*args, **more):
            with self.within(layer):
                return function(*args, **more)

        return measured


def ticks(pid: int) -> float:
    """CPU seconds of a process and of all that it has started, ended ones among them."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            waiting += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def measure(key: Key, submissions: Sequence[Submission]) -> str:
    """A table: milliseconds a submission in each layer, and CPU milliseconds of the grader and of its workers."""
    clock = Clock()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(spare=1))
        grade(submissions[0], key, sandbox)  # the fork server is ready, and what is imported late is there
        for layer, (kind, name) in LAYERS.items():
            stack.enter_context(patch.object(kind, name, clock.timed(layer, getattr(kind, name))))
        own, theirs = time.process_time(), ticks(os.getpid())
        clock.since = time.perf_counter()
        for submission in submissions:
            report = grade(submission, key, sandbox)
            with clock.within(AS_TEXT):
                as_text(report)
        clock.turn(lambda: None)
        own = time.process_time() - own
        theirs = ticks(os.getpid()) - theirs - own
    each = 1000 / len(submissions)
    whole = sum(clock.spent.values())
    lines = [f"  {name:45} {spent * each:7.2f} ms  {spent / whole:4.0%}" for name, spent in clock.spent.most_common()]
    lines.append(f"  {'all, one after another':45} {whole * each:7.2f} ms")
    lines.append(
        f"  CPU: the grader {own * each:.1f} ms, its fork server and workers {theirs * each:.1f} ms a submission"
    )
    return "\n".join(lines)
