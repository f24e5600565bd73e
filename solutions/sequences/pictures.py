"""Pictures of sequences."""

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from grader.authoring.pictures import BLUE, CARD, GREY, INK, OCHRE, PALE, RED, arrow, box, canvas, label, number, panels

CELL, GATES, TOP, BOTTOM = 5.7, 2.9, 5.7, 1.35  # heights: the cell state, the gates, the words above and below


def lstm_gates(reference):
    """An LSTM cell: the cell state runs along the top; below it stand the forget, input and output gates."""
    sums, c = np.array([[0.0, 1.0, 1.0, 0.0]]), np.array([[2.0]])
    zeros = np.zeros((1, 1))
    h_next, c_next = reference.lstm_cell(zeros, zeros, c, np.zeros((1, 4)), np.zeros((1, 4)), sums[0])
    i, f, _, o = 1 / (1 + np.exp(-sums[0]))
    g = np.tanh(sums[0, 2])
    figure, axes = canvas(19, 8.0)
    axes.set_aspect("equal")
    axes.add_patch(
        FancyBboxPatch(
            (2.6, 0.8), 13.2, 6.1, boxstyle="round,pad=0,rounding_size=0.5", facecolor="#f7f7f7", linewidth=0
        )
    )
    arrow(axes, (0.7, CELL), (17.3, CELL), OCHRE, linewidth=2.2)
    gates = {
        "forget": (4.4, "σ", f"$f$ = {number(f)}", BLUE),
        "input": (7.1, "σ", f"$i$ = {number(i)}", BLUE),
        "write": (9.5, "tanh", f"$g$ = {number(g)}", RED),
        "output": (12.3, "σ", f"$o$ = {number(o)}", BLUE),
    }
    axes.plot([0.7, 12.3], [BOTTOM, BOTTOM], color=INK, linewidth=1.2)
    for name, (x, word, text, color) in gates.items():
        axes.plot([x, x], [BOTTOM, GATES - 0.45], color=INK, linewidth=1.0)
        box(axes, (x, GATES), (1.5, 0.9), word, color)
        side, ha = (0.25, "left") if name in ("write", "output") else (-0.15, "right")
        label(axes, x + side, GATES + 0.85, text, color, ha=ha, fontsize=9)
        label(axes, x, GATES - 0.95, name, GREY, fontsize=9, bbox={"facecolor": "#f7f7f7", "linewidth": 0, "pad": 1})
    arrow(axes, (4.4, GATES + 0.45), (4.4, CELL - 0.36), BLUE, linewidth=1.1)
    arrow(axes, (7.1, GATES + 0.45), (8.05, 4.15), BLUE, linewidth=1.1)
    arrow(axes, (9.5, GATES + 0.45), (8.55, 4.15), RED, linewidth=1.1)
    arrow(axes, (8.3, 4.75), (8.3, CELL - 0.36), INK, linewidth=1.1)
    axes.plot([14.4, 14.4], [CELL, 4.3], color=OCHRE, linewidth=1.2)
    box(axes, (14.4, 4.1), (1.5, 0.8), "tanh", INK)
    arrow(axes, (14.4, 3.7), (14.4, GATES + 0.36), INK, linewidth=1.1)
    arrow(axes, (13.05, GATES), (14.04, GATES), BLUE, linewidth=1.1)
    arrow(axes, (14.76, GATES), (17.3, GATES), INK, linewidth=1.4)
    for place, sign in (((4.4, CELL), "×"), ((8.3, CELL), "+"), ((8.3, 4.4), "×"), ((14.4, GATES), "×")):
        axes.add_patch(Circle(place, 0.36, facecolor=CARD, edgecolor=INK, linewidth=1.0, zorder=4))
        label(axes, place[0], place[1] - 0.03, sign, INK)
    label(axes, 0.7, CELL + 0.5, f"$c$ = {number(c.item())}", OCHRE, ha="left")
    label(axes, 17.4, CELL + 0.5, f"$c'$ = {number(c_next.item())}", OCHRE)
    label(axes, 17.4, GATES + 0.5, f"$h'$ = {number(h_next.item())}", INK)
    label(axes, 0.7, BOTTOM + 0.5, "$x$, $h$", INK, ha="left")
    label(axes, 6.4, CELL + 0.5, "the memory", OCHRE, fontsize=9)
    return figure


def memory(reference):
    """What is left of a 1 that was read at the first step: it fades in a plain network and stays in an LSTM."""
    steps = 25
    x = np.zeros((1, steps, 1))
    x[0, 0, 0] = 1.0
    start, one = np.zeros((1, 1)), np.ones((1, 1))
    figure, (axes,) = panels(1, height=2.6)
    time = np.arange(1, steps + 1)
    for weight, color, place in ((0.5, GREY, (4.3, 0.16)), (1.0, RED, (15.2, 0.37))):
        state = reference.rnn(x, start, one, weight * one, np.zeros(1))[0, :, 0]
        axes.plot(time, state, "o-", color=color, markersize=2.6, linewidth=1.2)
        label(axes, *place, f"plain network, $W_h$ = {number(weight)}", color, ha="left")
    bias = np.array([-5.0, 5.0, 0.0, 5.0])
    outputs, _ = reference.lstm(x, start, start, np.array([[10.0, 0.0, 5.0, 0.0]]), np.zeros((1, 4)), bias)
    axes.plot(time, outputs[0, :, 0], "o-", color=BLUE, markersize=2.6, linewidth=1.4)
    label(axes, 12, 0.77, "LSTM, its forget gate open", BLUE, ha="left")
    axes.axhline(0, color=PALE, linewidth=0.6)
    axes.set(xlim=(0.5, steps + 0.5), ylim=(-0.03, 0.9), xticks=[1, 5, 10, 15, 20, 25], yticks=[0, 0.5], xlabel="step")
    axes.set_title("state, after a 1 and then zeros")
    return figure
