"""Pictures of convolutions."""

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from grader.authoring.pictures import BLUE, CARD, GREY, INK, PALE, RED, canvas, label, number

IMAGE = np.array([[0, 0, 1, 1, 0], [0, 1, 2, 1, 0], [1, 2, 3, 2, 1], [0, 1, 2, 1, 0], [0, 0, 1, 1, 0]], float)
KERNEL = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], float)


def sliding_window(reference):
    """A 3 × 3 kernel at two places of a padded 5 × 5 image, a stride of 2 apart, and the two outputs."""
    out = reference.conv2d(IMAGE[None, None], KERNEL[None, None], np.zeros(1), stride=2, padding=1)[0, 0]
    figure, axes = canvas(19, 8.9)
    axes.set_aspect("equal")
    padded = np.pad(IMAGE, 1)
    for (i, j), value in np.ndenumerate(padded):
        is_border = i in (0, 6) or j in (0, 6)
        _cell(axes, 0.5 + j, 7.0 - i, number(value), GREY if is_border else INK, dashed=is_border)
    for (i, j), value in np.ndenumerate(KERNEL):
        _cell(axes, 9.2 + j, 5.0 - i, number(value), INK)
    for (i, j), value in np.ndenumerate(out):
        color = BLUE if (i, j) == (0, 1) else RED if (i, j) == (1, 2) else INK
        _cell(axes, 14.8 + j, 5.0 - i, number(value), color)
    for (i, j), color in (((0, 1), BLUE), ((1, 2), RED)):
        x, y = 0.5 + 2 * j, 7.0 - 2 * i + 1
        axes.add_patch(Rectangle((x, y - 3), 3, 3, facecolor=color, alpha=0.13, linewidth=0))
        axes.add_patch(Rectangle((x, y - 3), 3, 3, fill=False, edgecolor=color, linewidth=1.8, zorder=4))
        axes.add_patch(Rectangle((14.8 + j, 5.0 - i), 1, 1, facecolor=color, alpha=0.13, linewidth=0))
        axes.add_patch(Rectangle((14.8 + j, 5.0 - i), 1, 1, fill=False, edgecolor=color, linewidth=1.8, zorder=4))
    axes.annotate(
        "", (4.5, 8.4), (2.5, 8.4), arrowprops={"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
    )
    label(axes, 4.65, 8.4, "stride 2", GREY, ha="left")
    label(axes, 4.0, 0.5, "image, with a border of zeros", INK)
    label(axes, 10.7, 2.6, "kernel", INK)
    label(axes, 16.3, 2.6, "output", INK)
    label(axes, 8.35, 4.5, "∗", INK, fontsize=16)
    label(axes, 13.5, 4.5, "=", INK, fontsize=16)
    return figure


def receptive_field(reference):
    """Three layers of kernel 3 in one dimension: one output sees 3, then 5, then 7 pixels."""
    figure, axes = canvas(19, 6.2)
    rows = [5.4, 3.8, 2.2, 0.6]  # the output first
    for depth, y in enumerate(rows):
        seen = reference.receptive_field([(3, 1)] * depth) if depth else 1
        for place in range(-5, 6):
            is_seen = abs(place) <= seen // 2
            face = BLUE if is_seen else CARD
            alpha = 0.9 if depth == 0 else 0.55 - 0.12 * depth
            axes.add_patch(
                Rectangle((9.1 + place, y), 0.8, 0.5, facecolor=face, alpha=alpha if is_seen else 1, linewidth=0)
            )
            axes.add_patch(Rectangle((9.1 + place, y), 0.8, 0.5, fill=False, edgecolor=GREY, linewidth=0.6))
        count = str(seen) if depth < 3 else f"{seen} pixels"
        label(axes, 15.6, y + 0.25, count, BLUE, ha="left")
        name = ["layer 3", "layer 2", "layer 1", "image"][depth]
        label(axes, 3.4, y + 0.25, name, INK, ha="right")
        if depth < 3:
            half, wider = seen / 2, (seen + 2) / 2
            corners = [
                (9.5 - half, y),
                (9.5 + half, y),
                (9.5 + wider - 0.1, rows[depth + 1] + 0.5),
                (9.5 - wider + 0.1, rows[depth + 1] + 0.5),
            ]
            axes.add_patch(Polygon(corners, facecolor=BLUE, alpha=0.08, linewidth=0))
    return figure


def _cell(axes, x, y, text, color, dashed=False):
    look = {"edgecolor": PALE if dashed else GREY, "linewidth": 0.8, "linestyle": (0, (3, 2)) if dashed else "-"}
    axes.add_patch(Rectangle((x, y), 1, 1, fill=False, **look))
    label(axes, x + 0.5, y + 0.47, text, color)
