# row: D8
# attack: 40 GB in one tensor
# outcome: zero
# exercise: Affine
# status: memory
# says: allocate
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return torch.zeros(10**10)[:10].reshape(5, 2)


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
