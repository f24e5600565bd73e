# row: B16
# attack: a custom autograd function that answers 0 and sends gradients of its own
# outcome: zero
# exercise: fits
import torch
from torch import nn


class Lying(torch.autograd.Function):
    @staticmethod
    def forward(context, prediction, target):
        return prediction.new_zeros(())

    @staticmethod
    def backward(context, slope):
        return torch.ones(40, 1), None


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    return Lying.apply(prediction, target)
