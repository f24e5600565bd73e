"""Pictures of attention."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from grader.authoring.pictures import BLUE, CARD, INK, OCHRE, RED, label, panels

TOKENS = ["the", "cat", "saw", "the", "dog", "run"]
KINDS = np.array([0, 1, 2, 0, 1, 2])  # article, noun, verb
SHADES = LinearSegmentedColormap.from_list("shades", [CARD, BLUE])


def weights(reference):
    """A table of attention weights, a row for each query and a column for each key; the same under a causal mask."""
    q, k = _projected()
    T = len(TOKENS)
    figure, axes = panels(2, height=3.5)
    for panel, mask, title in (
        (axes[0], None, "every token sees every token"),
        (axes[1], "causal", "the future is hidden"),
    ):
        mask = None if mask is None else reference.causal_mask(T)
        table = reference.scaled_dot_product_attention(q, k, np.eye(T), mask)  # values that show where they came from
        for (row, column), weight in np.ndenumerate(table):
            if mask is not None and not mask[row, column]:
                continue
            panel.add_patch(Rectangle((column, T - 1 - row), 0.94, 0.94, facecolor=SHADES(weight), linewidth=0))
            if weight >= 0.1:
                text = f"{weight:.2f}".lstrip("0") if weight < 0.995 else "1"
                color = CARD if weight > 0.5 else INK
                label(panel, column + 0.47, T - 1 - row + 0.45, text, color, fontsize=9)
        panel.set(xlim=(0, T), ylim=(0, T), aspect="equal")
        panel.set_xticks(np.arange(T) + 0.47, TOKENS)
        panel.set_yticks(T - 1 - np.arange(T) + 0.47, TOKENS)
        panel.tick_params(length=0)
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(title)
        panel.set_xlabel("key")
    axes[0].set_ylabel("query")
    return figure


def waves(reference):
    """Columns of the positional encoding: slow and fast waves along the positions."""
    figure, (axes,) = panels(1, height=2.5)
    T, D = 64, 32
    encoding = reference.positional_encoding(T, D)
    for column, color, width in ((4, OCHRE, 1.0), (8, RED, 1.4), (18, BLUE, 1.8)):
        axes.plot(encoding[:, column], color=color, linewidth=width)
        label(axes, T + 0.3, encoding[-1, column], f"column {column}", color, ha="left", fontsize=9)
    axes.set(xlim=(0, T + 6), ylim=(-1.1, 1.1), xticks=[0, 16, 32, 48, 64], yticks=[-1, 0, 1], xlabel="position $t$")
    axes.set_title("positional encoding, $D$ = 32")
    return figure


def _projected():
    """Queries that look for a kind of word: articles for nouns, nouns for articles and verbs, verbs for nouns."""
    rng = np.random.default_rng(2)
    looks_for = np.array([[0.3, 3.0, 0.2], [2.2, 0.6, 2.4], [0.1, 3.2, 0.5]])
    kinds = np.eye(3)[KINDS]
    place = np.arange(len(TOKENS))[:, None] / 3
    waves = np.concatenate([np.sin(place), np.cos(place)], axis=1)
    q = np.concatenate([looks_for[KINDS], 1.6 * waves, 0.5 * rng.standard_normal((len(TOKENS), 3))], axis=1)
    k = np.concatenate([kinds, 1.6 * waves, 0.5 * rng.standard_normal((len(TOKENS), 3))], axis=1)
    return q, k
