"""The unit's pictures."""

import numpy as np

from grader.authoring.pictures import BLUE, GREY, RED, canvas


def sphere(reference):
    """The Bloch sphere: a point at the angle θ from its north pole."""
    figure, axes = canvas(4, 2.6, 4.0)
    turn = np.linspace(0, 2 * np.pi, 60)
    axes.plot(2 + np.cos(turn), 1.3 + np.sin(turn), color=GREY)
    axes.plot(2 + np.cos(turn), 1.3 + 0.25 * np.sin(turn), color=GREY, lw=0.8)
    theta, _ = reference.bloch(np.array([np.cos(0.4), np.sin(0.4)]))
    axes.plot([2, 2 + np.sin(theta)], [1.3, 1.3 + np.cos(theta)], color=BLUE)
    axes.plot([2, 2], [1.3, 2.3], color=GREY, lw=0.8)
    arc = np.linspace(0, theta, 20)
    axes.plot(2 + 0.4 * np.sin(arc), 1.3 + 0.4 * np.cos(arc), color=RED)
    axes.text(2.2, 1.78, r"$\theta$", color=RED)
    axes.text(2, 2.38, r"$|0\rangle$", ha="center")
    axes.text(2, 0.08, r"$|1\rangle$", ha="center")
    return figure
