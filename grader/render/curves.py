"""The way of a training run's loss: a line while it runs, a sparkline afterwards, an SVG to keep."""

import itertools
import math
from collections.abc import Sequence
from html import escape

from grader.report import Step

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=^"
LARGEST = 1e150
BAR = 20  # cells of the progress bar
WIDTH, HEIGHT, MARGIN = 480, 240, 44  # of the SVG, in its own units


def progress_line(name: str, step: Step, seconds: float, glyph: str = "━") -> str:
    """`name ━━━━ 120/400  loss 0.41  55 steps/s  5 s left` after so many seconds of training."""
    share = min(max(step.step / step.total, 0.0), 1.0) if step.total > 0 else 0.0
    rate = step.step / seconds if seconds > 0 else 0.0
    left = (step.total - step.step) / rate if rate > 0 else math.inf
    filled = round(BAR * share)
    line = f"training {name}  {glyph * filled}{'·' * (BAR - filled)}  {step.step}/{step.total}  loss {step.loss:.3g}"
    return line + (f"  {rate:.3g} steps/s  {left:.0f} s left" if 0 <= left < 1e6 else "")


def sparkline(curve: Sequence[Step], width: int = 40, is_ascii: bool = False) -> str:
    """`2.3 ▇▆▄▃▂▁▁ 0.04, 400 steps`: the loss from first to last, its logarithm where it falls far; empty without one."""
    losses = [step.loss for step in curve if _is_drawn(step.loss)]
    if len(losses) < 2:
        return ""
    bars = ASCII_BARS if is_ascii else BARS
    heights = _heights(_thinned(losses, width))
    drawn = "".join(bars[min(int(height * len(bars)), len(bars) - 1)] for height in heights)
    return f"{losses[0]:.3g} {drawn} {losses[-1]:.3g}, {curve[-1].step} steps"


def svg(curve: Sequence[Step], title: str) -> str:
    """The loss over the steps as a small self-contained SVG; `title` is escaped here."""
    points = [(step.step, step.loss) for step in curve if _is_drawn(step.loss)]
    if len(points) < 2:
        return ""
    heights = _heights([loss for _, loss in points])
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1)
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    line = " ".join(
        f"{MARGIN + width * (step - first) / (last - first):.1f},{MARGIN + height * (1 - h):.1f}"
        for (step, _), h in zip(points, heights, strict=True)
    )
    highest, lowest = max(loss for _, loss in points), min(loss for _, loss in points)
    end = HEIGHT - MARGIN
    texts = [
        (MARGIN, MARGIN - 18, "start", escape(title)),
        (MARGIN - 6, MARGIN + 4, "end", f"{highest:.3g}"),
        (MARGIN - 6, end, "end", f"{lowest:.3g}"),
        (MARGIN, end + 18, "start", str(first)),
        (WIDTH - MARGIN, end + 18, "end", f"{last} steps"),
    ]
    labels = "".join(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>' for x, y, anchor, text in texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12" fill="#777"><title>{escape(title)}</title>'
        f'<path d="M{MARGIN} {MARGIN}V{end}H{WIDTH - MARGIN}" fill="none" stroke="#999"/>'
        f'<polyline points="{line}" fill="none" stroke="#1f77b4" stroke-width="2" stroke-linejoin="round"/>{labels}</svg>\n'
    )


def _is_drawn(loss: float) -> bool:
    """Whether a loss has a place on an axis: differences and sums of larger ones may be no numbers any more."""
    return abs(loss) < LARGEST


def _heights(losses: Sequence[float]) -> list[float]:
    """Each loss between 0, the lowest, and 1, the highest; by logarithm where all are positive and span a decade."""
    if min(losses) > 0 and max(losses) > 10 * min(losses):
        losses = [math.log(loss) for loss in losses]
    lowest, span = min(losses), max(losses) - min(losses)
    return [(loss - lowest) / span if span else 0.5 for loss in losses]


def _thinned(losses: Sequence[float], width: int) -> list[float]:
    """At most `width` numbers: means of neighbours, so that no spike hides between two that are shown."""
    if len(losses) <= width:
        return list(losses)
    cuts = [round(i * len(losses) / width) for i in range(width + 1)]
    return [sum(losses[a:b]) / (b - a) for a, b in itertools.pairwise(cuts)]
