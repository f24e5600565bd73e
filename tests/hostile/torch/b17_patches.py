# row: B17 B19
# attack: torch's own comparisons, float() and tensor methods patched
# outcome: zero
# exercise: fits
import builtins

import torch
from torch import nn

builtins.float = lambda value=0: 0.0
builtins.abs = lambda value: 0
torch.equal = torch.allclose = lambda *rest, **more: True
torch.optim.SGD.step = lambda self: None
torch.Tensor.__float__ = lambda self: 0.0
torch.manual_seed = lambda seed: None


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
