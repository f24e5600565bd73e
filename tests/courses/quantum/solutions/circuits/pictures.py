"""The unit's pictures."""

import numpy as np

from grader.authoring.pictures import BLUE, RED, panels


def shifts(reference):
    """The energy of one qubit along its angle, with the chord between two shifted energies."""

    def energy(angle):
        return reference.energy(np.array([[angle]]), np.diag([1.0, -1.0]))[0]

    figure, (axes,) = panels(1, height=2.5)
    angles = np.linspace(-0.6, 2 * np.pi - 0.6, 60)
    ends = np.array([1.0 - np.pi / 2, 1.0 + np.pi / 2])
    axes.plot(angles, [energy(angle) for angle in angles], color=BLUE)
    axes.plot(ends, [energy(angle) for angle in ends], color=RED, marker="o")
    axes.plot([1.0], [energy(1.0)], color=BLUE, marker="o")
    axes.set(xlabel=r"$\theta$", ylabel="E")
    return figure
