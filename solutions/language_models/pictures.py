"""Pictures of language models."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from grader.authoring.pictures import BLUE, CARD, GREY, INK, PALE, box, canvas, label, panels

TEXT = "how much wood would a woodchuck chuck if a woodchuck could chuck wood"
SHOWN = 38  # bytes of the text: its first line is wide enough
SHADES = LinearSegmentedColormap.from_list("shades", [CARD, BLUE])


def tokens(reference):
    """A text as its tokenizer sees it after ever more merges: a box around each token."""
    ids = list(TEXT.encode())
    merges = reference.bpe_train(ids, 20)
    rows = (0, 4, 8, 12, 20)
    figure, axes = canvas(SHOWN + 9.2, 1.5 * len(rows) + 1.9)
    label(axes, 0.4, 1.5 * len(rows) + 1.1, "merges", GREY, ha="left")
    label(axes, SHOWN + 8.8, 1.5 * len(rows) + 1.1, "tokens", GREY, ha="right")
    for row, count in enumerate(rows):
        y, x = 1.5 * (len(rows) - row) - 0.3, 3.6
        known = merges[:count]
        line = [bytes(reference.bpe_decode([i], known)).decode() for i in reference.bpe_encode(ids, known)]
        label(axes, 0.4, y, str(count), INK, ha="left")
        for token in line:
            if x - 3.6 + len(token) > SHOWN:
                break
            shade = {"facecolor": SHADES(min(0.06 * (len(token) - 1), 0.5)), "edgecolor": GREY, "linewidth": 0.7}
            box(axes, (x + len(token) / 2, y), (len(token) - 0.12, 1.16), "", **shade)
            for place, letter in enumerate(token):
                label(axes, x + place + 0.5, y - 0.04, letter, INK, fontsize=9)
            x += len(token)
        label(axes, SHOWN + 8.8, y, str(len(line)), BLUE, ha="right")
    return figure


def window(reference):
    """A sliding window, and what a token can know of after three layers with it."""
    figure, axes = panels(2, height=3.4)
    T, width, layers = 12, 3, 3
    seen = reference.sliding_window_mask(T, width)
    reach = np.linalg.matrix_power(seen.astype(int), layers) > 0
    for panel, table, title in ((axes[0], seen, "one layer"), (axes[1], reach, f"{layers} layers, one on another")):
        for (t, s), known in np.ndenumerate(table):
            color = BLUE if seen[t, s] else SHADES(0.4) if known else PALE if s <= t else CARD
            panel.add_patch(Rectangle((s, T - 1 - t), 0.9, 0.9, facecolor=color, linewidth=0))
        panel.set(xlim=(0, T), ylim=(0, T), aspect="equal", xticks=[], yticks=[], xlabel="key $s$")
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(title)
    axes[0].set_ylabel("query $t$")
    return figure
