# row: D3
# attack: minutes inside one call of LAPACK
# outcome: zero
# exercise: Affine
# status: timeout
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return torch.linalg.svd(torch.randn(6000, 6000))[0][:5, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
