"""Pictures of efficiency."""

import weakref

import numpy as np

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, label, panels


def grids(reference):
    """What is left of numbers in few bits: a staircase, and the points that four formats have."""
    figure, (stairs, ticks) = panels(2, height=3.1, widths=(1, 1.35))
    x = np.linspace(-1.0, 2.5, 176)
    steps = reference.dequantize(*reference.quantize_affine(x, bits=3))
    stairs.plot(x, x, color=GREY, linewidth=0.8)
    stairs.plot(x, steps, color=BLUE)
    stairs.set(xlabel="$x$", xticks=[-1, 0, 1, 2], yticks=[-1, 0, 1, 2], aspect="equal")
    stairs.set_title("three bits and back")
    weights = np.random.default_rng(4).normal(0, 0.35, (160, 1))
    weights = weights[np.abs(weights[:, 0]) < 0.98]
    weights = np.concatenate([weights, [[1.0], [-1.0]]])

    def held(bits):
        q, scales = reference.quantize_per_channel(weights, 1, bits)
        return q * scales

    rows = [
        ("as they are", INK, weights),
        ("bfloat16", BLUE, reference.to_bfloat16(weights.astype(np.float32))),
        ("5 bits", OCHRE, held(5)),
        ("4 bits", OCHRE, held(4)),
        ("3 bits", RED, held(3)),
    ]
    for place, (name, color, values) in enumerate(rows):
        y = len(rows) - place
        ends = np.array([y - 0.3, y + 0.3, np.nan])  # all ticks are one line with gaps, which is short as SVG
        ticks.plot(np.repeat(np.unique(values), 3), np.tile(ends, len(np.unique(values))), color=color, linewidth=0.6)
        label(ticks, -1.08, y, name, color, ha="right")
    ticks.set(xlim=(-1.6, 1.05), ylim=(0.4, len(rows) + 0.6), yticks=[], xticks=[-1, 0, 1], xlabel="weight")
    ticks.spines["left"].set_visible(False)
    ticks.set_title("160 weights")
    return figure


def alive(reference):
    """The most outputs of 64 layers that are alive at once, by the length of a segment."""
    n, lengths = 64, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32]
    figure, (axes,) = panels(1, height=2.6)
    axes.plot(lengths, [_most_alive(reference, n, every) for every in lengths], color=BLUE, marker="o", markersize=3)
    axes.plot(lengths, [n / every for every in lengths], color=GREY, linewidth=0.8)
    axes.plot(lengths, lengths, color=GREY, linewidth=0.8)
    label(axes, 32.5, 6.5, "kept: $n/k$", GREY, ha="right")
    label(axes, 32.5, 23.5, "made again: $k$", GREY, ha="right")
    axes.set(
        xlabel="$k$, the layers of a segment",
        ylabel="outputs alive",
        ylim=(0, 70),
        xlim=(0, 33),
        xticks=[1, 8, 16, 24, 32],
    )
    return figure


def _most_alive(reference, n, every):
    made, most = [], [0]

    def forward(x):
        y = x + 1.0
        made.append(weakref.ref(y))
        most[0] = max(most[0], sum(ref() is not None for ref in made))
        return y

    layers = [(forward, lambda dout, x: (dout, None))] * n
    reference.checkpointed_backward(layers, np.zeros(1), np.ones(1), every)
    return most[0]
