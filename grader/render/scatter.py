"""Points in a plane that move from frame to frame: in dots of Braille for a terminal, as a moving SVG for pages.

Frames are sequences of points (x, y). All frames of one picture share one scale, the same along both axes.
"""

from collections.abc import Sequence
from html import escape

from grader.frozen import frozen

Points = Sequence[Sequence[float]]

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a cell's four rows and two columns
DENSITY = " .:*#"
SIZE, MARGIN = 320, 8  # of the SVG, in its own units
SECONDS = 4.0  # of the whole movement: what moves longer by itself must have a pause button


@frozen
class Window:
    """The square of the plane that is seen: its middle, and half of its side."""

    x: float
    y: float
    half: float

    def place(self, point: Sequence[float]) -> tuple[float, float]:
        """Where a point is, from the upper left: 0 to 1 across and down inside the window."""
        return (point[0] - self.x) / (2 * self.half) + 0.5, 0.5 - (point[1] - self.y) / (2 * self.half)


def window(frames: Sequence[Points]) -> Window:
    """The square that holds every point of the last frame and nearly all of every other, with a little room around."""
    ends = [_ends(frames, axis) for axis in (0, 1)]
    half = 0.52 * max(last - first for first, last in ends)
    (left, right), (low, high) = ends
    return Window((left + right) / 2, (low + high) / 2, half or 1.0)


def _ends(frames: Sequence[Points], axis: int) -> tuple[float, float]:
    """The least and the largest coordinate that is to be seen; a hundredth of all points may lie beyond either."""
    numbers = sorted(point[axis] for frame in frames for point in frame) or [0.0]
    beyond, last = len(numbers) // 100, [point[axis] for point in frames[-1]]
    return min([numbers[beyond], *last]), max([numbers[-1 - beyond], *last])


def dotted(points: Points, seen: Window, width: int, is_ascii: bool = False) -> list[str]:
    """A frame as lines of `width` characters, each cell twice as high as wide: in Braille, or by density in ASCII."""
    height = width // 2
    cells = [[0] * width for _ in range(height)]
    for point in points:
        across, down = seen.place(point)
        if not (0 <= across < 1 and 0 <= down < 1):
            continue
        column, row = int(across * 2 * width), int(down * 4 * height)
        if is_ascii:
            cells[row // 4][column // 2] += 1
        else:
            cells[row // 4][column // 2] |= DOTS[row % 4][column % 2]
    if is_ascii:
        return ["".join(DENSITY[min(count, len(DENSITY) - 1)] for count in row) for row in cells]
    return ["".join(chr(BRAILLE + dots) for dots in row) for row in cells]


def strip(frames: Sequence[Points], width: int, is_ascii: bool = False) -> list[str]:
    """The first, a middle and the last frame beside one another, in lines at most `width` wide, above where each stands."""
    chosen = sorted({0, len(frames) // 2, len(frames) - 1})
    each, seen = max((width - 2 * (len(chosen) - 1)) // len(chosen), 8), window(frames)
    pictures = [dotted(frames[number], seen, each, is_ascii) for number in chosen]
    below = [f"{number + 1} of {len(frames)}".center(each) for number in chosen]
    return ["  ".join(line).rstrip() for line in (*zip(*pictures, strict=True), below)]


def moving(frames: Sequence[Points], title: str) -> str:
    """The frames one after another, once, in SECONDS; the last one stays, and is all that is seen where motion is unwelcome.

    A self-contained SVG; `title` is escaped here. It takes the page's colours.
    """
    seen, each = window(frames), SECONDS / len(frames)
    shown = [
        f'<path class="frame" style="animation:frame-seen {each:.3f}s linear {number * each:.3f}s 1" d="{_dots(frame, seen)}"/>'
        for number, frame in enumerate(frames[:-1])
    ]
    wait = SECONDS - each
    last = (
        f'<path class="frame last" style="animation:frame-hidden {wait:.3f}s linear 1" d="{_dots(frames[-1], seen)}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" role="img" '
        f'font-family="sans-serif"><title>{escape(title)}</title><style>'
        "@keyframes frame-seen{from,to{opacity:1}}@keyframes frame-hidden{from,to{opacity:0}}"
        ".frame{fill:none;stroke:#2f81d7;stroke-width:3;stroke-linecap:round;opacity:0}.frame.last{opacity:1}"
        "@media (prefers-reduced-motion:reduce){.frame{animation:none!important}}</style>"
        f'<rect x="0.5" y="0.5" width="{SIZE - 1}" height="{SIZE - 1}" fill="none" stroke="#888"/>'
        f"{''.join(shown)}{last}</svg>\n"
    )


def _dots(points: Points, seen: Window) -> str:
    """A path of round dots: lines without length, whose ends are round."""
    room = SIZE - 2 * MARGIN
    places = (seen.place(point) for point in points)
    return "".join(f"M{MARGIN + room * across:.1f} {MARGIN + room * down:.1f}h0" for across, down in places)
