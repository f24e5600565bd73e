"""Show the progress of a class run: a live table on a terminal, a line for each record in a log."""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grader.record import Record
from grader.report import Status
from grader.text import one_line

WINDOW = 40  # records over which the rate is averaged: enough for a steady number, few enough to notice a slow exercise


class Progress:
    """The counts of a run, and an estimate of the time left."""

    def __init__(self, total: int, done: int = 0):
        self.total, self.done, self.before = total, done, done
        self.statuses: Counter[str] = Counter()
        self.perfect = 0
        self.waiting = 0
        self._times: deque[float] = deque([time.monotonic()], WINDOW)

    def count(self, record: Record) -> None:
        self.done += 1
        self._times.append(time.monotonic())
        self.perfect += record.report.is_perfect
        self.statuses.update({str(exercise.status) for exercise in record.report.exercises} - {str(Status.PASSED)})

    @property
    def rate(self) -> float:
        """Recent records per second."""
        span = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else 0.0

    @property
    def left(self) -> str:
        """How long the rest will take, in words."""
        if not self.rate:
            return "–"
        seconds = round((self.total - self.done) / self.rate)
        return f"{seconds} s" if seconds < 100 else f"{seconds // 60} min {seconds % 60} s"

    def table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row("graded", ProgressBar(max(self.total, 1), self.done, width=30), f"{self.done} of {self.total}")
        table.add_row("rate", f"{self.rate:.1f} a second", f"{self.left} left")
        table.add_row("all points", str(self.perfect), "")
        for status, count in self.statuses.most_common():
            table.add_row(status, Text(str(count)), "with such an exercise")
        if self.waiting:
            table.add_row("waiting", "for another grader", f"{self.waiting} alive on this store")
        return table

    def line(self, record: Record) -> str:
        statuses = Counter(str(exercise.status) for exercise in record.report.exercises)
        how = ", ".join(f"{count} {status}" for status, count in statuses.items())
        points = f"{record.points}/{record.max_points}"
        width = len(str(self.total))
        return f"{self.done:{width}}/{self.total}  {one_line(record.person, 60)}  {record.unit}  {points}  ({how})"


@contextlib.contextmanager
def shown(progress: Progress, console: Console) -> Iterator:
    """A context with a function to call with each record, or with None as time passes."""
    if not console.is_terminal:

        def tell(record: Record | None) -> None:
            if record:
                progress.count(record)
                console.print(Text(progress.line(record)), soft_wrap=True)

        yield tell
        return
    with Live(progress.table(), console=console, refresh_per_second=8, transient=True) as live:

        def show(record: Record | None) -> None:
            if record:
                progress.count(record)
            live.update(progress.table())

        yield show
