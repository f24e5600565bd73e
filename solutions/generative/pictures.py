"""Pictures of generative models."""

import numpy as np
import torch

from grader.authoring.pictures import BLUE, INK, label, panels


def diffusion(reference):
    """A swiss roll after ever more steps of noising."""
    rng = np.random.default_rng(4)
    angle = np.pi * np.sqrt(rng.uniform(1.5**2, 4.5**2, 105))
    points = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / 7.5
    x0, noise = (torch.from_numpy(a.astype(np.float32)) for a in (points, rng.standard_normal(points.shape)))
    betas = reference.linear_beta_schedule(50, 0.001, 0.2)
    figure, axes = panels(4, height=2.3)
    for panel, t in zip(axes, (0, 9, 19, 49), strict=True):
        x = reference.diffuse(x0, torch.full((len(x0),), t), noise, betas).numpy()
        panel.plot(*x.T, ".", color=BLUE, markersize=2.5)
        panel.set(xlim=(-3, 3), ylim=(-4, 3), aspect="equal")
        panel.axis("off")
        label(panel, 0, -3.7, f"$t = {t}$", INK)
    return figure
