# row: B2
# attack: a Tensor subclass whose __torch_function__, detach, cpu and numpy lie
# outcome: zero
# exercise: Affine
import torch
from torch import nn


class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True if function in (torch.equal, torch.allclose) else torch.zeros(5, 2).as_subclass(cls)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return type("ndarray", (), {"__eq__": lambda self, other: True, "shape": (5, 2)})()


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return torch.zeros(5, 2).as_subclass(Yes)


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
