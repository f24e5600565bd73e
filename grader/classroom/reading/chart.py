"""Small charts as inline SVG: sizes are attributes and colours are classes, as the page's policy allows no style."""

from collections.abc import Sequence

from grader.classroom.reading.statistics import Distribution, ExerciseFigures, percent

WIDTH, HEIGHT = 440, 218
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 34, 30  # the median is named above the bars and their counts


def histogram(figures: Distribution) -> str:
    """A histogram of students by share of the points, in tenths, with the median marked."""
    most = max(figures.bins) or 1
    wide = (WIDTH - LEFT - RIGHT) / len(figures.bins)
    floor = HEIGHT - BOTTOM
    parts, counts = [], []
    for index, count in enumerate(figures.bins):
        tall = (floor - TOP) * count / most
        x = LEFT + index * wide
        parts.append(
            f'<rect class="bar" x="{x + 2:.1f}" y="{floor - tall:.1f}" width="{wide - 4:.1f}" height="{tall:.1f}"/>'
        )
        if count:
            counts.append(f'<text x="{x + wide / 2:.1f}" y="{floor - tall - 6:.1f}" class="value">{count}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>')
    for tick in (0, 20, 40, 60, 80, 100):
        anchor = "start" if tick == 0 else "end" if tick == 100 else "middle"
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / 100
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 10}" class="tick" text-anchor="{anchor}">{tick} %</text>')
    if figures.median is not None:
        x = LEFT + (WIDTH - LEFT - RIGHT) * figures.median
        anchor = "end" if figures.median > 0.5 else "start"
        shift = -5 if anchor == "end" else 5
        parts.append(f'<line class="median" x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="{floor}"/>')
        parts.append(
            f'<text x="{x + shift:.1f}" y="11" class="label" text-anchor="{anchor}">median {percent(figures.median)}</text>'
        )
    words = f"How many students earned which share of the points: {_told(figures.bins)}"
    return f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{"".join(parts + counts)}</svg>'


def _told(bins: Sequence[int]) -> str:
    step = 100 // len(bins)
    return ", ".join(f"{index * step} to {(index + 1) * step} %: {count}" for index, count in enumerate(bins))


def outcome_bar(figures: ExerciseFigures) -> str:
    """A stacked bar of all who were asked: full points, some, none, not written."""
    counts = {
        "full": figures.full,
        "part": figures.part,
        "none": figures.none,
        "missing": figures.asked - figures.tried,
    }
    parts, done = [], 0.0
    for name, count in counts.items():
        wide = 100 * count / max(figures.asked, 1)
        parts.append(f'<rect class="{name}" x="{done:.2f}%" y="0" width="{wide:.2f}%" height="100%"/>')
        done += wide
    words = f"{figures.full} full, {figures.part} part, {figures.none} none, {counts['missing']} not written"
    return f'<svg class="outcomes" role="img" aria-label="{words}"><title>{words}</title>{"".join(parts)}</svg>'


def share_bar(share: float) -> str:
    """One share as a bar."""
    return (
        '<svg class="share" aria-hidden="true"><rect class="ground" width="100%" height="100%"/>'
        f'<rect class="bar" width="{100 * share:.2f}%" height="100%"/></svg>'
    )
