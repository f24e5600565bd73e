"""Pictures of optimisation."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, label, panels

CURVATURES = np.array([1.0, 18.0])
START = np.array([-3.6, 0.9])


def paths(reference):
    """Level lines of a long valley, and the ways of plain descent, momentum and Adam down to its lowest point."""
    figure, axes = panels(3, height=2.35)
    steps = {
        "SGD": (RED, lambda w, g, state: (reference.sgd_step(w, g, 0.1), None)),
        "momentum": (BLUE, lambda w, g, state: reference.momentum_step(w, g, state, 0.02, momentum=0.85)),
        "Adam": (OCHRE, lambda w, g, state: reference.adam_step(w, g, state, 0.35, beta2=0.95)),
    }
    across, up = np.meshgrid(np.linspace(-4.2, 1.8, 51), np.linspace(-1.5, 1.5, 41))
    loss = (CURVATURES[0] * across**2 + CURVATURES[1] * up**2) / 2
    for panel, (name, (color, step)) in zip(axes, steps.items(), strict=True):
        way, state, w = [START], None, START
        for _ in range(28):
            w, state = step(w, CURVATURES * w, state)
            way.append(w)
        panel.contour(across, up, loss, levels=[0.3, 1.5, 4, 8, 14], colors=GREY, linewidths=0.6)
        panel.plot(*np.array(way).T, "o-", color=color, linewidth=1.1, markersize=2.4, markeredgewidth=0)
        panel.plot(0, 0, "+", color=INK, markersize=8)
        panel.set(xlim=(-4.2, 1.8), ylim=(-1.5, 1.5), xticks=[], yticks=[])
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.set_title(name, color=color)
    axes[0].set_xlabel("$w_1$: gentle")
    axes[0].set_ylabel("$w_2$: steep")
    return figure


def schedule(reference):
    """The learning rate over a run: a straight line up, and half a cosine down to a floor."""
    figure, (axes,) = panels(1, height=2.2)
    steps = np.arange(0, 131)
    rates = [reference.warmup_cosine(int(step), 10, 110, 1.0, floor=0.1) for step in steps]
    axes.plot(steps, rates, color=BLUE)
    for step, text in ((10, "warm-up ends"), (110, "total")):
        axes.axvline(step, color=GREY, linewidth=0.7, linestyle=(0, (3, 3)))
        label(axes, step + 1.5, 1.08, text, GREY, ha="left", fontsize=9)
    axes.set(xlim=(0, 131), ylim=(0, 1.15), xticks=[0, 10, 60, 110], yticks=[0, 0.1, 1], xlabel="step")
    axes.set_yticklabels(["0", "floor", "peak"])
    axes.set_title("learning rate")
    return figure
