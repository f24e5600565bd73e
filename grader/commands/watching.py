"""What is shown while a submission is graded: on a terminal a line that changes, in a log nothing."""

import contextlib
import time
from collections.abc import Callable, Iterator

from grader.render import terminal
from grader.render.curves import progress_line
from grader.report import Step

Progress = Callable[[str], None]
Watch = Callable[[str, Step], None]


@contextlib.contextmanager
def watching(is_shown: bool) -> Iterator[tuple[Progress, Watch]]:
    """Two functions: one is told the exercise that is graded now, the other the steps of its training."""
    console = terminal.make_console(stderr=True)
    if not is_shown or not console.is_terminal:
        yield lambda name: None, lambda name, step: None
        return
    began: dict[str, float] = {}
    bar = terminal.glyphs_of(console)["bar"]
    with console.status("") as status:

        def watch(name: str, step: Step) -> None:
            seconds = time.monotonic() - began.setdefault(name, time.monotonic())
            line = progress_line(name, step, seconds, bar)
            status.update(line[: max(console.width - 3, 20)])

        yield lambda name: status.update(f"grading {name}"), watch
