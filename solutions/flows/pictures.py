"""Pictures of flows."""

import numpy as np
import torch

from grader.authoring.pictures import BLUE, INK, PALE, label, panels


def moons(reference):
    """Noise on its way to two moons: the same points at five times, with the last bit of their ways."""
    rng = np.random.default_rng(4)
    velocity, noise = _mean_velocity(_half_circles(400)), torch.from_numpy(rng.standard_normal((64, 2)))

    def at(time):
        """Where the points are at a time: a flow that is slowed down reaches at time 1 what the other reaches earlier."""
        return reference.euler_sample(lambda x, t: time * velocity(x, time * t), noise, 40).numpy()

    figure, axes = panels(5, height=1.75)
    for panel, time in zip(axes, (0.0, 0.25, 0.5, 0.75, 1.0), strict=True):
        now, before = at(time), at(max(time - 0.1, 0.0))
        lines = np.stack([before, now, np.full(now.shape, np.nan)], axis=1)  # nan ends a line
        panel.plot(*lines.reshape(-1, 2).T, color=PALE, linewidth=0.8)
        panel.plot(*now.T, ".", color=BLUE, markersize=2.5)
        panel.set(xlim=(-2.8, 2.8), ylim=(-3.2, 2.6), aspect="equal")
        panel.axis("off")
        label(panel, 0, -3.0, f"$t = {time:g}$", INK)
    return figure


def _half_circles(number):
    """Points on two half circles that reach into each other, with mean 0 and variance 1."""
    angle = np.linspace(0, np.pi, number // 2)
    up, down = [np.cos(angle), np.sin(angle)], [1 - np.cos(angle), 0.5 - np.sin(angle)]
    return (np.concatenate([up, down], axis=1).T - [0.5, 0.25]) / [0.87, 0.5]


def _mean_velocity(points):
    """What a perfect network would learn of these points: the mean velocity of all straight paths through a place.

    A path through x at time t that ends at x1 has the velocity (x1 − x) / (1 − t), and began at (x − t · x1) / (1 − t), which
    is as likely as its density under the normal distribution says.
    """
    points = torch.from_numpy(points)

    def velocity(x, t):
        left = (1 - t.double())[:, None].clamp(min=1e-9)
        starts = (x[:, None] - t[:, None, None] * points) / left[:, None]
        weights = torch.softmax(-0.5 * starts.square().sum(2), 1)
        return (weights @ points - x) / left

    return velocity
