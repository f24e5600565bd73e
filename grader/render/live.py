"""The display of a training run in progress: how far it is, how fast it goes, and its loss curve so far.

A worker reports all of it, so it affects only the display and no verdict. Words are for a terminal, HTML for a notebook
cell.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from grader.render.curves import svg
from grader.report import Step
from grader.text import inert, one_line

BAR = 20  # cells of the terminal's bar
LEAST_BAR = 6  # a shorter one shows nothing
LONGEST = 86_400  # seconds; a longer remaining time is not shown


@dataclass
class Live:
    """The steps that a training run has reported; if it starts again, on another device, they start again."""

    name: str
    clock: Callable[[], float] = time.monotonic
    curve: list[Step] = field(default_factory=list)
    began: float = 0.0

    def note(self, step: Step) -> None:
        if not self.curve or step.step < self.curve[-1].step:
            self.curve, self.began = [], self.clock()
        self.curve.append(step)

    @property
    def share(self) -> float:
        """The share that is done, 0 to 1; 0 if the total number of steps is unknown."""
        last = self.curve[-1] if self.curve else Step(0, 0, 0.0)
        return min(max(last.step / last.total, 0.0), 1.0) if last.total > 0 else 0.0

    @property
    def words(self) -> list[str]:
        """The known ones of `120/400`, `loss 0.41`, `55 steps/s`, `5 s left`."""
        if not self.curve:
            return []
        last, seconds = self.curve[-1], self.clock() - self.began
        words = [f"{last.step}/{last.total}" if last.total else f"step {last.step}", f"loss {last.loss:.3g}"]
        rate = (last.step - self.curve[0].step) / seconds if seconds > 0 else 0.0
        left = (last.total - last.step) / rate if rate > 0 and last.total else math.inf
        words += [f"{rate:.3g} steps/s"] if rate > 0 else []
        return words + ([f"{left:.0f} s left"] if 0 <= left < LONGEST else [])


def line(live: Live, width: int, glyph: str = "━", rest: str = "·") -> str:
    """`training spirals  ━━━━····  120/400  loss 0.41  55 steps/s  5 s left`, shortened to fit the width.

    The loss and the time left are dropped last, and the word `training` before the name.
    """
    name, words = one_line(live.name, 60), live.words
    known = bool(live.curve and live.curve[-1].total)
    few = words[1:2] + words[3:]
    whole = f"training {name}"
    for head, kept in (whole, words), (whole, words[:2] + words[3:]), (whole, few), (name, few), (name, words[1:2]):
        text = "  ".join([head, *kept])
        if len(text) <= width:
            room = min(width - len(text) - 2, BAR)
            if not known or room < LEAST_BAR:
                return text
            filled = round(room * live.share)
            return "  ".join([head, glyph * filled + rest * (room - filled), *kept])
    return name[: max(width, 0)]


def html(live: Live, state: str = "") -> str:
    """The run as an HTML fragment; `state`, such as `stopped`, is shown instead of the pace."""
    words = [state] if state else live.words[2:]
    told = " · ".join([*live.words[:2], *words]) or "under way"
    picture = svg(live.curve, f"loss of {live.name}")
    return (
        '<section class="grade-report">\n'
        f"<p><b>training</b> <code>{escape(inert(live.name))}</code></p>\n"
        + _bar(live)
        + f'<p class="dim">{escape(inert(told))}</p>\n'
        + (f'<div class="curve">{picture}</div>\n' if picture else "")
        + "</section>"
    )


def _bar(live: Live) -> str:
    """A progress bar; empty if the total number of steps is unknown."""
    if not live.share:
        return ""
    return (
        '<svg class="bar" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 4" preserveAspectRatio="none" '
        'aria-hidden="true"><rect width="100" height="4" fill="#8886"/>'
        f'<rect width="{100 * live.share:.1f}" height="4" fill="#2f81d7"/></svg>\n'
    )


def lives(clock: Callable[[], float] = time.monotonic) -> Callable[[str, Step], Live]:
    """A function that takes (name, step) of any run and returns that run so far."""
    known: dict[str, Live] = {}

    def note(name: str, step: Step) -> Live:
        live = known.setdefault(name, Live(name, clock))
        live.note(step)
        return live

    return note
