# row: D18
# attack: a write far outside a tensor's memory
# outcome: zero
# exercise: Affine
# status: crash
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        hole = torch.zeros(8)
        torch.as_strided(hole, (1,), (1,), 0)
        import ctypes

        ctypes.memset(hole.data_ptr() + (1 << 46), 0, 8)
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
