"""Pictures of vision."""

import numpy as np
import torch
from matplotlib.patches import Rectangle

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, PALE, RED, arrow, box, canvas, label, panels

THINGS = [(2.6, 3.4, 3.0, 4.2), (6.9, 2.9, 3.6, 3.0)]  # centre, width and height


def doubles(reference):
    """What a detector says of two things, and what non-maximum suppression leaves of it."""
    rng = np.random.default_rng(5)
    centers = [(x, y, w, h) + 0.22 * rng.standard_normal(4) for x, y, w, h in THINGS for _ in range(5)]
    boxes = np.array([(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for x, y, w, h in centers], np.float32)
    scores = rng.uniform(0.3, 0.95, len(boxes)).astype(np.float32)
    kept = reference.nms(torch.from_numpy(boxes), torch.from_numpy(scores), 0.4).tolist()
    figure, axes = panels(2, height=2.9)
    shown = ((axes[0], range(len(boxes)), "ten boxes, one score each"), (axes[1], kept, "two are kept"))
    for panel, numbers, title in shown:
        for x, y, w, h in THINGS:
            panel.add_patch(Rectangle((x - w / 2, y - h / 2), w, h, facecolor=PALE, linewidth=0))
        for number in numbers:
            x1, y1, x2, y2 = boxes[number]
            is_best = number in kept
            look = {"edgecolor": BLUE if is_best else RED, "linewidth": 1.9 if is_best else 0.9, "fill": False}
            panel.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **look))
        for number in kept if numbers is kept else ():
            x1, y1 = boxes[number][:2]
            label(panel, x1 + 0.1, y1 + 0.35, f"{scores[number]:.2f}", BLUE, ha="left", fontsize=9)
        panel.set(xlim=(0, 9.6), ylim=(6.4, 0.2), aspect="equal", xticks=[], yticks=[])
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(title)
    return figure


def crossings(reference):
    """The maps of a U-Net for a picture of 16 × 24: down on the left, up on the right, and across."""
    width = 8
    net = reference.UNet(1, 3, width)
    channels = [net.down_full[0].out_channels, net.down_half[0].out_channels, net.bottom[0].out_channels]
    figure, axes = canvas(19, 7.6)
    heights = (6.2, 3.7, 1.2)
    for depth, y in enumerate(heights):
        size = f"{16 >> depth} × {24 >> depth}"
        label(axes, 1.3, y, size, GREY)
        places = ((5.0, 14.0), (6.6, 12.4), (9.5,))[depth]
        for x in places:
            box(axes, (x, y), (1.9, 1.0), f"{channels[depth]}", BLUE)
        if depth < 2:
            left, right = places
            arrow(axes, (left + 0.95, y), (right - 0.95, y), OCHRE)
            label(axes, (left + right) / 2, y + 0.38, "concatenate", OCHRE)
            below = ((6.6, 12.4), (9.5, 9.5))[depth]
            inward = 0.4 if depth else 0.0
            arrow(axes, (left, y - 0.5), (below[0] - inward, heights[depth + 1] + 0.5), INK)
            arrow(axes, (below[1] + inward, heights[depth + 1] + 0.5), (right, y - 0.5), INK)
    label(axes, 3.9, 5.0, "halve", INK)
    label(axes, 15.1, 5.0, "double", INK)
    arrow(axes, (2.9, 6.2), (4.05, 6.2), INK)
    arrow(axes, (14.95, 6.2), (16.3, 6.2), INK)
    label(axes, 17.5, 6.2, "logits", INK)
    label(axes, 2.9, 6.65, "picture", INK)
    return figure
