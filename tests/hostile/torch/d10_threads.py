# row: D10 D28
# attack: ten thousand threads by torch.set_num_threads
# outcome: zero
# exercise: Affine
# never: SWARM
import threading

import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        torch.set_num_threads(10_000)
        torch.ones(2000, 2000) @ torch.ones(2000, 2000)
        print("SWARM")
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
