"""Small nets: a module, a loss, and a run that puts them together."""

import torch
from torch import nn


class Affine(nn.Module):
    """x · W + b. `layer` is an nn.Linear(D, M)."""

    def __init__(self, D, M):
        """D features in, M out."""
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        """x (N, D) -> y (N, M)"""
        return self.layer(x)


def squared_loss(prediction, target):
    """The mean over all entries of the squared error.

    prediction (N, M), target (N, M) -> loss ()
    """
    return torch.mean((prediction - target) ** 2)
