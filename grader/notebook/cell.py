"""A notebook cell's output while something trains: one display, updated in place, that ends as the report.

IPython is imported only once a cell is known to be there. The picture shows numbers that a worker reports; no verdict
depends on them.
"""

import time
from collections.abc import Callable
from typing import Any

from grader.render.live import Live, html, lives
from grader.report import Step

BETWEEN_UPDATES = 0.25  # seconds; the front end draws every update and saves the last one


class Cell:
    """The output of the running cell. It appears when the first training run begins, so quick gradings show none."""

    def __init__(self, styled: Callable[[str], str], clock: Callable[[], float] = time.monotonic):
        self.styled, self.clock = styled, clock
        self.handle: Any = None
        self.live: Live | None = None
        self._note = lives(clock)
        self._last = float("-inf")

    def begins(self, name: str) -> None:
        """Show that a training run is next."""
        self.live = Live(name, self.clock)
        self._show()

    def watch(self, name: str, step: Step) -> None:
        """Show a step that a training run reported."""
        self.live = self._note(name, step)
        if self.clock() - self._last >= BETWEEN_UPDATES:
            self._show()

    def ends(self, shown: object) -> bool:
        """Replace the picture with the report; returns whether there was a picture."""
        if self.handle:
            self.handle.update(shown)
        return self.handle is not None

    def stops(self) -> None:
        """Mark the picture as stopped, because the cell was interrupted or something failed."""
        if self.handle and self.live:
            self.handle.update(self._bundle("stopped"), raw=True)

    def _show(self) -> None:
        self._last = self.clock()
        if self.handle:
            self.handle.update(self._bundle(), raw=True)
        else:
            from IPython.display import display

            self.handle = display(self._bundle(), raw=True, display_id=True)

    def _bundle(self, state: str = "") -> dict[str, str]:
        words = [state] if state else self.live.words
        plain = "  ".join([f"training {self.live.name}", *words])
        return {"text/html": self.styled(html(self.live, state)), "text/plain": plain}
