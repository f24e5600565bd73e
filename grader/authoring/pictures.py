"""How the course's pictures look: the style that every `solutions/<unit>/pictures.py` draws with.

A picture is a function of the unit's reference that returns a matplotlib figure; what it shows, the reference has computed.
Little ink: no frames, no grids, labels beside what they name, two colours for what matters and grey for the rest. The
card is white, so that a picture reads the same on a light page and on a dark one.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

INK, GREY, PALE, CARD = "#262626", "#8c8c8c", "#dedede", "#ffffff"
BLUE, RED, OCHRE, GREEN = (
    "#2166ac",
    "#b2402a",
    "#c98b1b",
    "#3b7d5a",
)  # told apart in all common kinds of colour blindness

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlesize": 11,
    "figure.facecolor": CARD,
    "font.family": "STIXGeneral",  # comes with matplotlib, so that every machine has it
    "font.size": 10,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "mathtext.fontset": "stix",
    "patch.linewidth": 0.8,
    "savefig.facecolor": CARD,
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "xtick.major.size": 3,
    "xtick.major.width": 0.6,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
    "ytick.major.size": 3,
    "ytick.major.width": 0.6,
}
WIDTH = 7.2  # inches, as wide as a column of text


def panels(count: int = 1, height: float = 3.0, widths: Sequence[float] | None = None) -> tuple[Figure, list[Axes]]:
    """A figure as wide as the text, with some axes side by side."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08, wspace=0.06)
    axes = figure.subplots(1, count, squeeze=False, width_ratios=widths)[0]
    return figure, list(axes)


def canvas(width: float, height: float, size: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure without axes, for a diagram in units of its own: x from 0 to width, y from 0 to height, upwards."""
    figure = Figure(figsize=(size, size * height / width))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def plane(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    """Axes with equal units and without a frame, for geometry."""
    axes.set(xlim=x, ylim=y, aspect="equal")
    axes.axis("off")


def arrow(axes: Axes, start: Sequence[float], end: Sequence[float], color: str = INK, **more) -> None:
    """An arrow between two points."""
    look = {"arrowstyle": "-|>", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 11}
    axes.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=look | more)


def box(axes: Axes, center: Sequence[float], size: Sequence[float], text: str, color: str = INK, **more) -> None:
    """A box with rounded corners and a word in it."""
    (x, y), (width, height) = center, size
    look = {"boxstyle": "round,pad=0,rounding_size=0.12", "facecolor": CARD, "edgecolor": color, "linewidth": 1.0}
    axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, zorder=3, **look | more))
    axes.text(x, y, text, color=color, ha="center", va="center", zorder=4)


def label(axes: Axes, x: float, y: float, text: str, color: str = INK, **more) -> None:
    """A word in the picture, in the colour of what it names, on a ground that lines do not cross."""
    look = {"ha": "center", "va": "center", "fontsize": 10, "zorder": 5}
    axes.text(x, y, text, color=color, **look | more)


def number(value: float, digits: int = 2) -> str:
    """A number as text, with a minus sign and not a hyphen."""
    return np.format_float_positional(value, precision=digits, trim="-", fractional=True).replace("-", "−")
