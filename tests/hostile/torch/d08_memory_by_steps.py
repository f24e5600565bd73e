# row: D8
# attack: memory in steps of 256 MB, each touched
# outcome: zero
# exercise: Affine
# status: memory timeout
import torch
from torch import nn

HOLD = []


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        while True:
            HOLD.append(torch.ones(1 << 26))


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
