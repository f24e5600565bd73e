"""The loss curve of a training run: a sparkline for a terminal, an SVG for pages and files."""

import itertools
import math
from collections.abc import Sequence
from functools import cached_property

from grader.frozen import frozen
from grader.report import Step

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=^"
FEWEST_BARS, MOST_BARS = 6, 40
LARGEST = 1e150
WIDTH, HEIGHT, MARGIN, LEFT, RIGHT = 480, 200, 34, 64, 12  # of the SVG, in its own units
MOST_POINTS = 2 * WIDTH  # more could not be distinguished, and a hostile run may report ten thousand


def sparkline(curve: Sequence[Step], width: int = 80, is_ascii: bool = False) -> str:
    """A loss curve as one line: `2.3 ▇▆▄▃▂▁▁ 0.04, 400 steps`; logarithmic if it falls far, empty without a curve.

    It is at most `width` wide if that leaves room for FEWEST_BARS.
    """
    losses = [step.loss for step in curve if _is_drawn(step.loss)]
    if len(losses) < 2:
        return ""
    bars = ASCII_BARS if is_ascii else BARS
    before, after = f"{losses[0]:.3g} ", f" {losses[-1]:.3g}, {curve[-1].step} steps"
    room = min(max(width - len(before) - len(after), FEWEST_BARS), MOST_BARS)
    heights = _heights(_thinned(losses, room))
    return before + "".join(bars[min(int(height * len(bars)), len(bars) - 1)] for height in heights) + after


def svg(curve: Sequence[Step], title: str, band: Sequence[tuple[float, float, float]] = ()) -> str:
    """A loss curve as a small self-contained SVG; `title` is escaped here. Text takes the page's colour.

    `band` holds (share of the run, lowest, highest loss) of correct solutions, drawn as a pale band behind the curve.
    """
    from html import escape  # late: a terminal's line needs none

    points = _outline([(step.step, step.loss) for step in curve if _is_drawn(step.loss)])
    if len(points) < 2:
        return ""
    total = max(step.total or step.step for step in curve) if band else 0
    edges = [(share * total, low, high) for share, low, high in band if _is_drawn(low) and _is_drawn(high)]
    steps = [step for step, *_ in (*points, *edges)]
    axes = _Axes(min(steps), max(steps), [loss for _, *losses in (*points, *edges) for loss in losses])
    line = " ".join(axes.place(*point) for point in points)
    around = [(step, high) for step, _, high in edges] + [(step, low) for step, low, _ in reversed(edges)]
    shade = f'<polygon points="{" ".join(axes.place(*point) for point in around)}" fill="#8886"/>' if around else ""
    scale = ", logarithmic" if axes.is_logarithmic else ""
    end = HEIGHT - MARGIN
    texts = [
        (LEFT, MARGIN - 14, "start", escape(title) + scale),
        (LEFT - 6, MARGIN + 4, "end", f"{max(axes.losses):.3g}"),
        (LEFT - 6, end + 4, "end", f"{min(axes.losses):.3g}"),
        (LEFT, end + 18, "start", f"{axes.first:.0f}"),
        (WIDTH - RIGHT, end + 18, "end", f"{axes.last:.0f} steps"),
    ]
    if shade:
        texts.append((WIDTH - RIGHT, MARGIN - 14, "end", "grey: right answers"))
    labels = "".join(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>' for x, y, anchor, text in texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12" fill="currentColor"><title>{escape(title)}</title>{shade}'
        f'<path d="M{LEFT} {MARGIN}V{end}H{WIDTH - RIGHT}" fill="none" stroke="#888"/>'
        f'<polyline points="{line}" fill="none" stroke="#2f81d7" stroke-width="2" stroke-linejoin="round"/>{labels}</svg>\n'
    )


@frozen
class _Axes:
    """Converts a step and a loss to coordinates in the picture."""

    first: float
    last: float
    losses: Sequence[float]

    @cached_property
    def is_logarithmic(self) -> bool:
        return _is_logarithmic(self.losses)

    def place(self, step: float, loss: float) -> str:
        lowest, highest = min(self.losses), max(self.losses)
        if self.is_logarithmic:
            loss, lowest, highest = math.log(loss), math.log(lowest), math.log(highest)
        across = (step - self.first) / max(self.last - self.first, 1)
        up = (loss - lowest) / (highest - lowest) if highest > lowest else 0.5
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * across:.1f},{MARGIN + (HEIGHT - 2 * MARGIN) * (1 - up):.1f}"


def _is_drawn(loss: float) -> bool:
    """Whether a loss can be drawn: arithmetic with larger ones would overflow."""
    return abs(loss) < LARGEST


def _is_logarithmic(losses: Sequence[float]) -> bool:
    """Whether to use a logarithmic axis: all losses are positive and span more than a factor of 10."""
    return min(losses) > 0 and max(losses) > 10 * min(losses)


def _heights(losses: Sequence[float]) -> list[float]:
    """Each loss scaled to 0 (the lowest) to 1 (the highest); logarithmically if they span far."""
    if _is_logarithmic(losses):
        losses = [math.log(loss) for loss in losses]
    lowest, span = min(losses), max(losses) - min(losses)
    return [(loss - lowest) / span if span else 0.5 for loss in losses]


def _thinned(losses: Sequence[float], width: int) -> list[float]:
    """Reduce losses to at most `width` means of neighbours, so that every loss has an influence."""
    if len(losses) <= width:
        return list(losses)
    cuts = [round(i * len(losses) / width) for i in range(width + 1)]
    return [sum(losses[a:b]) / (b - a) for a, b in itertools.pairwise(cuts)]


def _outline(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Reduce points to at most MOST_POINTS: the lowest and the highest of each group, so that no spike is lost."""
    if len(points) <= MOST_POINTS:
        return points
    groups = MOST_POINTS // 2
    cuts = [round(i * len(points) / groups) for i in range(groups + 1)]
    kept = []
    for a, b in itertools.pairwise(cuts):
        places = range(a, b)
        ends = {min(places, key=lambda i: points[i][1]), max(places, key=lambda i: points[i][1])}
        kept += [points[i] for i in sorted(ends)]
    return kept
