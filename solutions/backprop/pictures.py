"""Pictures of backpropagation."""

import numpy as np
from matplotlib.patches import Circle, Rectangle

from grader.authoring.pictures import BLUE, CARD, GREEN, GREY, INK, OCHRE, RED, arrow, canvas, label, number, panels


def computation_graph(reference):
    """The graph of L = (relu(wx + b) − t)², with the values forward and the gradients back."""
    w, x, b, t = 2.0, 1.5, -1.0, 3.0
    product = w * x
    z = product + b
    h = max(z, 0.0)
    prediction = np.array([[h]])
    dh = reference.mean_squared_error_backward(prediction, np.array([[t]]))
    dz = reference.relu_backward(dh, np.array([[z]]))
    dx, dw, db = reference.linear_backward(dz, np.array([[x]]), np.array([[w]]), np.array([b]))
    loss = (h - t) ** 2
    figure, axes = canvas(19, 7.4)
    axes.set_aspect("equal")
    places = {
        "w": (1.3, 6.1, "$w$", w, dw.item()),
        "x": (1.3, 2.9, "$x$", x, dx.item()),
        "·": (4.5, 4.9, "×", product, dz.item()),
        "b": (4.5, 1.9, "$b$", b, db.item()),
        "+": (7.9, 3.7, "+", z, dz.item()),
        "relu": (11.3, 3.7, "relu", h, dh.item()),
        "t": (11.3, 1.2, "$t$", t, None),
        "L": (15.0, 3.7, "( − )²", loss, 1.0),
    }
    for start, end in (("w", "·"), ("x", "·"), ("·", "+"), ("b", "+"), ("+", "relu"), ("relu", "L"), ("t", "L")):
        _edge(axes, np.array(places[start][:2]), np.array(places[end][:2]))
    for px, py, name, value, gradient in places.values():
        axes.add_patch(Circle((px, py), 0.62, facecolor=CARD, edgecolor=INK, linewidth=1.0, zorder=3))
        label(axes, px, py - 0.03, name, INK, fontsize=11)
        label(axes, px, py + 0.98, number(value), BLUE, fontsize=11)
        if gradient is not None:
            label(axes, px, py - 1.0, number(gradient), RED, fontsize=11)
    arrow(axes, (15.62, 3.7), (17.0, 3.7), GREY, linewidth=1.0)
    label(axes, 17.35, 3.7, "$L$", INK, fontsize=12)
    label(axes, 18.4, 6.7, "value, computed forward", BLUE, ha="right")
    label(axes, 18.4, 6.05, r"gradient of $L$, computed back", RED, ha="right")
    return figure


def slopes(reference):
    """What the backward of four activations lets through of a gradient of one."""
    figure, (axes,) = panels(1, height=2.5)
    x = np.linspace(-5, 5, 101)
    one = np.ones_like(x)
    looks = {
        "relu": (OCHRE, (4.4, 0.93)),
        "gelu": (GREEN, (1.25, 1.2)),
        "tanh": (BLUE, (1.55, 0.36)),
        "sigmoid": (RED, (3.2, 0.14)),
    }
    for name, (color, place) in looks.items():
        back = getattr(reference, f"{name}_backward")(one, x)
        if name == "relu":
            back[np.abs(x) < 1e-9] = np.nan  # it has no slope there
        axes.plot(x, back, color=color)
        label(axes, *place, name, color)
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.axhline(0.25, color=GREY, linewidth=0.7, linestyle=(0, (3, 3)))
    label(axes, -4.95, 0.31, "a quarter", GREY, ha="left", fontsize=9)
    axes.set(xlim=(-5, 5), ylim=(-0.2, 1.3), yticks=[0, 0.5, 1], xticks=[-4, -2, 0, 2, 4], xlabel="$x$, the input")
    axes.set_title("what comes back of an upstream gradient of 1")
    return figure


def attack(reference):
    """Level lines of a loss around a point, the square of what is near it, one long step and many short ones."""
    figure, (axes,) = panels(1, height=3.3)
    x, epsilon = np.array([0.5, 0.5]), 0.3

    def ridge(p):
        return 1.2 * np.exp(-18 * (p[0] - 0.6) ** 2 - 2 * (p[1] - 0.9) ** 2)

    def loss(p):
        return ridge(p) + 0.25 * p[1]

    def gradient(p):
        return ridge(p) * np.array([-36 * (p[0] - 0.6), -4 * (p[1] - 0.9)]) + [0, 0.25]

    across, up = np.meshgrid(np.linspace(-0.3, 1.6, 90), np.linspace(0.1, 0.95, 60))
    axes.contour(across, up, loss([across, up]), levels=9, colors=GREY, linewidths=0.7)
    axes.add_patch(Rectangle(x - epsilon, 2 * epsilon, 2 * epsilon, facecolor="none", edgecolor=INK, linewidth=1.0))
    corner = reference.fgsm(gradient, x, epsilon)
    arrow(axes, x, corner, OCHRE, linewidth=1.3, mutation_scale=9)
    label(axes, corner[0] + 0.03, corner[1], f"one long step: {number(loss(corner))}", OCHRE, ha="left")
    way = np.array([reference.pgd(gradient, x, epsilon, 0.04, steps) for steps in range(13)])
    axes.plot(*way.T, color=BLUE, marker="o", markersize=2.8, linewidth=1.1)
    label(axes, 0.17, way[-1][1], f"short steps: {number(loss(way[-1]))}", BLUE, ha="right")
    axes.plot(*x, "o", color=RED, markersize=4.5)
    label(axes, x[0] - 0.03, x[1] - 0.03, f"$x$: {number(loss(x))}", RED, ha="right")
    label(axes, x[0] + epsilon + 0.03, x[1] - epsilon + 0.04, r"within $\epsilon$ of $x$", INK, ha="left")
    axes.set(aspect="equal", xlim=(-0.3, 1.6), ylim=(0.1, 0.95), xticks=[0, 0.5, 1], yticks=[0.2, 0.5, 0.8])
    axes.set_xlabel("$x_1$")
    axes.set_ylabel("$x_2$", rotation=0, labelpad=8)
    axes.set_title("level lines of a loss, and two ways up")
    return figure


def _edge(axes, start, end):
    along = (end - start) / np.linalg.norm(end - start)
    arrow(axes, start + 0.66 * along, end - 0.66 * along, GREY, linewidth=1.0)
