# row: E21
# attack: none: an answer that is a transposed view with a gradient
# outcome: full
# exercise: Affine
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return (self.layer.weight @ x.T + self.layer.bias[:, None]).T


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
