"""Draw an error map: as a few lines in a terminal, and as an SVG that a page can include."""

import math
from html import escape

from rich.console import Console
from rich.text import Text

from grader.render.map_text import ASCII_SHADES, SHADES, block, caption, cells, largest, legend, level
from grader.report import ErrorMap

STYLES = ("dim", "yellow", "dark_orange", "red", "bold red")
# light to dark, distinguishable without red and green, then not finite; a dark page overrides them by class
COLOURS = ("#eef1f4", "#fed976", "#fd8d3c", "#e31a1c", "#800026", "#000")
CELL, MARGIN = 16, 34


def terminal(found: ErrorMap, console: Console, indent: int = 0) -> None:
    """Print the map with one character per cell, in a log as on a terminal; in ASCII if the encoding requires it."""
    shades = SHADES if "utf" in console.encoding.lower() else ASCII_SHADES
    margin = " " * indent
    words = caption(found).replace("−", "-").replace("×", "x") if shades is ASCII_SHADES else caption(found)
    console.print(Text(margin + words, "dim"), soft_wrap=True)
    gap = " " if indent + 6 + 2 * len(found.rows[0]) <= console.width else ""
    for number, row in cells(found, shades):
        line = Text(f"{margin}{number}", "dim")
        for mark, how_wrong in row:
            line.append(mark + gap, STYLES[how_wrong])
        line.rstrip()
        console.print(line, soft_wrap=True)
    console.print(Text(f"{margin}      {legend(found, shades)}", "dim"), soft_wrap=True)


def svg(found: ErrorMap) -> str:
    """The map as a self-contained SVG element that includes its caption."""
    columns, rows = len(found.rows[0]), len(found.rows)
    width, height = max(MARGIN + columns * CELL + 8, 380), 44 + rows * CELL + 30
    top = largest(found)
    words = escape(caption(found), quote=False).replace('"', "&quot;")
    parts = [
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{words}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="11" fill="#333">',
        f'<title>{words}</title><rect class="ground" width="{width}" height="{height}" fill="#fff"/>',
        *(
            f'<text x="8" y="{14 + 13 * i}">{escape(line, quote=False)}</text>'
            for i, line in enumerate(_two_lines(found))
        ),
    ]
    for y, row in enumerate(found.rows):
        if rows <= 8 or y % 4 == 0:
            label = f'<text x="{MARGIN - 6}" y="{44 + y * CELL + 12}" text-anchor="end">{y * block(found)}</text>'
            parts.append(label)
        for x, value in enumerate(row):
            place = f'x="{MARGIN + x * CELL}" y="{44 + y * CELL}" width="{CELL - 1}" height="{CELL - 1}"'
            shade = 5 if math.isinf(value) else level(value, top)
            parts.append(f"<rect {place} {_filled(shade)}><title>{_number(value)}</title></rect>")
    parts.append(_svg_legend(found, 44 + rows * CELL + 8))
    return "".join([*parts, "</svg>"])


def _svg_legend(found: ErrorMap, y: int) -> str:
    """A colour sample for each level, with its meaning."""
    parts, x, top = [], MARGIN, largest(found)
    steps = [f"≤ {top * share:.2g}" for share in (0.25, 0.5, 0.75, 1)] if top else []
    labels = list(enumerate(["right", *steps]))
    if any(math.isinf(value) for row in found.rows for value in row):
        labels.append((5, "not finite"))
    for shade, label in labels:
        place = f'x="{x}" y="{y}" width="10" height="10"'
        parts.append(f'<rect {place} {_filled(shade)} stroke="#999" stroke-width="0.5"/>')
        parts.append(f'<text x="{x + 14}" y="{y + 9}">{label}</text>')
        x += 26 + 6 * len(label)
    return "".join(parts)


def _filled(shade: int) -> str:
    return f'class="m{shade}" fill="{COLOURS[shade]}"'


def _two_lines(found: ErrorMap) -> list[str]:
    first, _, second = caption(found).partition("; ")
    return [first, second] if second else [first]


def _number(value: float) -> str:
    return "right" if value == 0 else f"{value:.3g}"
