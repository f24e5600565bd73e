"""Pictures of neural networks."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, OCHRE, RED, label, panels


def activations(reference):
    """Five activations and their slopes."""
    functions = {
        "sigmoid": reference.sigmoid,
        "tanh": reference.tanh,
        "relu": reference.relu,
        "leaky relu, slope 0.1": lambda x: reference.leaky_relu(x, 0.1),
        "gelu": reference.gelu,
    }
    figure, axes = panels(5, height=2.0)
    x = np.linspace(-3.5, 3.5, 57)
    for panel, (name, function) in zip(axes, functions.items(), strict=True):
        h = 1e-4
        slope = (function(x + h) - function(x - h)) / (2 * h)
        kink = "relu" in name
        if kink:
            slope[np.abs(x) < 1e-9] = np.nan
        panel.axhline(0, color=GREY, linewidth=0.5)
        panel.axvline(0, color=GREY, linewidth=0.5)
        panel.plot(x, slope, color=RED, linewidth=1.2)
        panel.plot(x, function(x), color=BLUE)
        panel.set(xlim=(-3.5, 3.5), ylim=(-1.25, 2.4), xticks=[-3, 0, 3], yticks=[-1, 0, 1, 2])
        panel.set_title(name, fontsize=10)
        panel.spines[["left", "bottom"]].set_visible(False)
        if panel is not axes[0]:
            panel.set_yticklabels([])
    label(axes[0], -3.3, 1.25, "the function", BLUE, ha="left", fontsize=9)
    label(axes[0], -3.3, -0.5, "its slope", RED, ha="left", fontsize=9)
    return figure


def fading(reference):
    """The norm of the gradient at each of 20 layers, on a logarithmic axis, for three activations."""
    figure, (axes,) = panels(1, height=2.7)
    layers = np.arange(1, 21)
    for name, color, place in (("sigmoid", RED, (6.0, 2e-6)), ("tanh", OCHRE, (18.6, 40)), ("relu", BLUE, (15.0, 0.9))):
        norms = reference.vanishing_gradient(20, 60, name, np.random.default_rng(0))
        axes.semilogy(layers, norms, "o-", color=color, markersize=3, linewidth=1.2)
        label(axes, *place, name, color)
    axes.set(xlim=(0.5, 20.5), ylim=(1e-10, 1e3), xticks=[1, 5, 10, 15, 20], yticks=[1e-9, 1e-6, 1e-3, 1])
    axes.minorticks_off()
    axes.set_xlabel("layer")
    axes.set_title("norm of the gradient on its way back, from right to left")
    return figure
