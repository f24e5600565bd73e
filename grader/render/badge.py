"""The points as an SVG badge, for a README. It contains only the grader's own words and numbers."""

from grader.render.formats import Graded, Surroundings
from grader.render.rows import points_of

COLOURS = (
    (1.0, "#1a7f37"),
    (0.5, "#9a6700"),
    (0.0, "#b42318"),
)  # from which share of the points on; each is dark enough for white letters
LETTER, MARGIN, LABEL = 7, 7, "points"

BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {value}">
  <title>{label}: {value}</title>
  <clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{left}" height="20" fill="#444"/>
    <rect x="{left}" width="{right}" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{label_at}" y="14" textLength="{label_length}">{label}</text>
    <text x="{value_at}" y="14" textLength="{value_length}">{value}</text>
  </g>
</svg>
"""


def write(graded: Graded, surroundings: Surroundings) -> str:
    """One badge for all reports together."""
    points, most = points_of(graded)
    part = points / most if most else 0.0
    value = f"{points}/{most}"
    left, right = (LETTER * len(text) + 2 * MARGIN for text in (LABEL, value))
    return BADGE.format(
        label=LABEL,
        value=value,
        left=left,
        right=right,
        width=left + right,
        colour=next(colour for least, colour in COLOURS if part >= least),
        label_at=left / 2,
        value_at=left + right / 2,
        label_length=left - 2 * MARGIN,
        value_length=right - 2 * MARGIN,
    )
