"""Pictures of neural networks."""

import numpy as np
from matplotlib.patches import Circle

from grader.authoring.pictures import BLUE, CARD, GREY, INK, OCHRE, RED, label, number, panels, plane


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


def graph(reference):
    """What the feature of one node has become in all nodes of a graph after one, two and three graph convolutions."""
    places = np.array([[0.3, 1.5], [1.0, 0.5], [1.1, 2.3], [2.0, 1.4], [3.0, 1.5], [3.8, 0.6], [4.0, 2.3], [5.0, 1.5]])
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (5, 7), (6, 7)]
    adjacency = np.zeros((len(places), len(places)))
    for i, j in edges:
        adjacency[i, j] = adjacency[j, i] = 1.0
    figure, axes = panels(3, height=1.9)
    felt = np.eye(len(places))[:, :1]
    for layers, panel in enumerate(axes, 1):
        felt = reference.gcn_layer(felt, adjacency, np.eye(1), np.zeros(1))
        for i, j in edges:
            panel.plot(*places[[i, j]].T, color=GREY, linewidth=0.8, zorder=1)
        for (x, y), value in zip(places, felt[:, 0], strict=True):
            share = value / felt.max()
            panel.add_patch(Circle((x, y), 0.37, facecolor=CARD, edgecolor=INK, linewidth=0.8, zorder=2))
            panel.add_patch(Circle((x, y), 0.37, facecolor=BLUE, alpha=0.75 * share, linewidth=0, zorder=3))
            label(panel, x, y, number(value) if value else "", INK, fontsize=7.5)
        plane(panel, (-0.2, 5.5), (0.1, 2.75))
        panel.set_title("one layer" if layers == 1 else f"{['two', 'three'][layers - 2]} layers", fontsize=10)
    return figure
