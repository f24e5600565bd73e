"""Pictures of flows."""

import numpy as np
import torch

from grader.authoring.pictures import BLUE, GREY, INK, PALE, label, panels


def moons(reference):
    """Straight paths from noise to data, which cross, and the paths of their mean velocity, which do not."""
    rng = np.random.default_rng(4)
    data, noise = _half_circles(400), torch.from_numpy(rng.standard_normal((60, 2)))
    chosen = torch.from_numpy(data[rng.permutation(len(data))[: len(noise)]])
    times = (0.0, 0.25, 0.45, 0.6, 0.7, 0.77, 0.83, 0.88, 0.92, 0.95, 0.975, 1.0)
    velocity = _mean_velocity(data)

    def straight(time):
        return reference.flow_matching_pair(noise, chosen, torch.full((len(noise),), time))[0]

    def flowed(time):
        """Where the points are at a time: a flow that is slowed down reaches at time 1 what the other reaches earlier."""
        return reference.euler_sample(lambda x, t: time * velocity(x, time * t), noise, 60)

    figure, axes = panels(2, height=3.3)
    ways = {"straight paths of pairs": [straight(0.0), straight(1.0)], "paths of the mean velocity": map(flowed, times)}
    for panel, (title, way) in zip(axes, ways.items(), strict=True):
        way = torch.stack([*way]).numpy()
        ends = np.full_like(way[:1], np.nan)  # nan ends a line
        panel.plot(*np.concatenate([way, ends]).swapaxes(0, 1).reshape(-1, 2).T, color=PALE, linewidth=0.8)
        panel.plot(*way[0].T, ".", color=GREY, markersize=4)
        panel.plot(*way[-1].T, ".", color=BLUE, markersize=5)
        panel.set(xlim=(-2.9, 2.9), ylim=(-3.0, 2.5), aspect="equal")
        panel.axis("off")
        label(panel, 0, -2.85, title, INK)
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
