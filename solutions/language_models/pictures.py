"""Pictures of language models."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from grader.authoring.pictures import BLUE, CARD, GREY, INK, PALE, canvas, label, panels

TEXT = "how much wood would a woodchuck chuck if a woodchuck could chuck wood"
SHOWN = 38  # bytes of the text: its first line is wide enough
SHADES = LinearSegmentedColormap.from_list("shades", [CARD, BLUE])


def tokens(reference):
    """A text as its tokenizer sees it after ever more merges: a box around each token that is more than a byte."""
    ids = list(TEXT.encode())
    merges = reference.bpe_train(ids, 20)
    rows, left, width = (0, 4, 8, 20), 4.0, SHOWN + 9.2
    figure, axes = canvas(width, 1.6 * len(rows) + 1.9)
    label(axes, 0.4, 1.6 * len(rows) + 1.1, "merges", GREY, ha="left")
    label(axes, width - 0.4, 1.6 * len(rows) + 1.1, "tokens", GREY, ha="right")
    for row, count in enumerate(rows):
        y, x, known = 1.6 * (len(rows) - row) - 0.4, left, merges[:count]
        line = [len(reference.bpe_decode([i], known)) for i in reference.bpe_encode(ids, known)]
        for length in line:
            if x - left + length > SHOWN:
                break
            if length > 1:
                shade = {"facecolor": SHADES(min(0.05 * length, 0.5)), "edgecolor": BLUE, "linewidth": 0.6}
                axes.add_patch(Rectangle((x + 0.06, y - 0.6), length - 0.12, 1.2, **shade))
            x += length
        for place, letter in enumerate(TEXT[:SHOWN]):
            if letter != " ":
                label(axes, left + place + 0.5, y - 0.04, letter, INK, fontsize=9)
        label(axes, 0.4, y, str(count), INK, ha="left")
        label(axes, width - 0.4, y, str(len(line)), BLUE, ha="right")
    return figure


def window(reference):
    """A sliding window, and what a token can know of after three layers with it."""
    figure, axes = panels(2, height=3.4)
    T, width, layers = 12, 3, 3
    seen = reference.sliding_window_mask(T, width)
    reach = np.linalg.matrix_power(seen.astype(int), layers) > 0
    for panel, table, title in ((axes[0], seen, "one layer"), (axes[1], reach, f"{layers} layers, one on another")):
        for t, s in zip(*np.tril_indices(T), strict=True):
            color = BLUE if seen[t, s] else SHADES(0.4) if table[t, s] else PALE
            panel.add_patch(Rectangle((s, T - 1 - t), 0.9, 0.9, facecolor=color, linewidth=0))
        panel.set(xlim=(0, T), ylim=(0, T), aspect="equal", xticks=[], yticks=[], xlabel="key $s$")
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(title)
    axes[0].set_ylabel("query $t$")
    return figure
