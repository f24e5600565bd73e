"""Pictures of linear algebra."""

import numpy as np
from matplotlib.patches import Polygon

from grader.authoring.pictures import BLUE, GREY, INK, OCHRE, RED, arrow, label, panels, plane


def projection(reference):
    """A vector, its projection onto a plane and what is left over, at right angles; and the unit circles of three norms."""
    figure, (space, circles) = panels(2, height=3.1, widths=(3, 2))
    _projection(space, reference)
    _unit_circles(circles, reference)
    return figure


def principal_axes(reference):
    """A cloud of points with its two principal components, each as long as the standard deviation along it, twice."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((70, 2)) @ np.array([[2.0, 0.9], [0.0, 0.55]])
    coordinates, components, ratio = reference.pca(X, 2)
    figure, (cloud, sizes) = panels(2, height=2.7, widths=(3, 2))
    plane(cloud, (-6.4, 6.4), (-3.3, 3.3))
    cloud.plot(*(X - X.mean(axis=0)).T, "o", color=GREY, markersize=2.6, markeredgewidth=0)
    spread = coordinates.std(axis=0, ddof=1)
    for number, (direction, color) in enumerate(zip(components, (BLUE, RED), strict=True)):
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        tip = 2 * spread[number] * direction
        arrow(cloud, (0, 0), tip, color)
        label(cloud, *(tip + 0.55 * direction), f"$v_{number + 1}$", color)
    sizes.barh([1, 0], ratio, height=0.42, color=[BLUE, RED])
    for row, part, color in zip([1, 0], ratio, (BLUE, RED), strict=True):
        label(sizes, part + 0.03, row, f"{part:.1%}", color, ha="left")
    sizes.set(yticks=[1, 0], yticklabels=["$v_1$", "$v_2$"], xlim=(0, 1.25), xticks=[0, 0.5, 1], ylim=(-0.6, 1.6))
    sizes.set_xlabel("part of the variance")
    sizes.spines.left.set_visible(False)
    sizes.tick_params(axis="y", length=0)
    return figure


def _projection(axes, reference):
    """In three dimensions, seen from the side: the third axis points up."""
    view = np.array([[1.0, 0.0], [0.42, 0.38], [0.0, 1.0]])
    A = np.array([[1.0, 0.3], [0.15, 1.0], [0.0, 0.0]])
    x = np.array([2.1, 1.3, 2.0])
    p = reference.project(x, A)
    corners = np.array([[-0.3, -0.5, 0], [3.1, -0.5, 0], [3.1, 2.2, 0], [-0.3, 2.2, 0]]) @ view
    plane(axes, (-0.7, 4.3), (-0.75, 3.0))
    axes.add_patch(Polygon(corners, facecolor=BLUE, alpha=0.10, linewidth=0))
    o, x2, p2 = np.zeros(2), x @ view, p @ view
    arrow(axes, o, A[:, 0] @ view, GREY)
    arrow(axes, o, A[:, 1] @ view, GREY)
    label(axes, *(A[:, 0] @ view + [0.08, -0.17]), "$a_1$", GREY)
    label(axes, *(A[:, 1] @ view + [0.12, 0.12]), "$a_2$", GREY)
    arrow(axes, o, p2, BLUE)
    arrow(axes, o, x2, INK)
    arrow(axes, p2, x2, RED, linestyle="--", linewidth=1.2)
    along = (p / np.linalg.norm(p) * 0.22) @ view
    up = np.array([0.0, 0.22])
    axes.plot(*np.array([p2 - along, p2 - along + up, p2 + up]).T, color=RED, linewidth=0.8)
    label(axes, *(x2 * 0.62 + [-0.18, 0.14]), "$x$", INK, fontsize=12)
    label(axes, *(p2 * 0.6 + [0.10, -0.17]), "$p = Ac$", BLUE, fontsize=11)
    label(axes, *((p2 + x2) / 2 + [0.42, 0.1]), "$x - p$", RED, fontsize=11)
    label(axes, 3.0, -0.42, "all mixtures of $a_1$ and $a_2$", BLUE, fontsize=9)


def _unit_circles(axes, reference):
    """Each direction, divided by its own norm."""
    turn = np.linspace(0, 2 * np.pi, 161)  # a multiple of 8 steps, so that corners are hit
    directions = np.array([np.cos(turn), np.sin(turn)]).T
    plane(axes, (-1.5, 1.5), (-1.5, 1.5))
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.axvline(0, color=GREY, linewidth=0.5)
    for p, color, place in ((1, OCHRE, (0.28, 0.3)), (2, BLUE, (0.62, 0.60)), (np.inf, RED, (1.27, 0.85))):
        norms = np.array([reference.vector_norm(direction, p) for direction in directions])
        axes.plot(*(directions / norms[:, None]).T, color=color)
        name = r"\infty" if p == np.inf else p
        label(axes, *place, rf"$\|x\|_{{{name}}}$", color)
