# row: B4
# attack: a loss whose float is what it likes and which no comparison can hold
# outcome: zero
# exercise: fits
import torch
from torch import nn


class Chameleon(float):
    def __lt__(self, other):
        return True

    __le__ = __gt__ = __ge__ = __eq__ = __lt__
    __hash__ = float.__hash__

    def __float__(self):
        return Chameleon(0.0)

    def backward(self):
        pass


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    return Chameleon('nan')
