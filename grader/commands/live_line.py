"""Show progress while a submission is graded: a line that updates in place on a terminal, nothing in a log."""

import contextlib
from collections.abc import Callable, Iterator

from grader.render import terminal
from grader.render.live import line, lives
from grader.report import Step

Progress = Callable[[str], None]
Watch = Callable[[str, Step], None]
SPINNER = 3  # columns before the line


@contextlib.contextmanager
def watching(is_shown: bool) -> Iterator[tuple[Progress, Watch]]:
    """Two functions: one is told the exercise that is graded now, the other the steps of its training."""
    console = terminal.make_console(stderr=True)
    if not is_shown or not console.is_terminal:
        yield lambda name: None, lambda name, step: None
        return
    bar, note = terminal.glyphs_of(console)["bar"], lives()
    with console.status("") as status:

        def watch(name: str, step: Step) -> None:
            status.update(line(note(name, step), console.width - SPINNER, bar))

        yield lambda name: status.update(f"grading {name}"), watch
