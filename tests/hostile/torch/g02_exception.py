# row: G2
# attack: an exception with markup, escapes and a lone surrogate, out of a backward pass
# outcome: zero
# exercise: fits
# status: error
import torch
from torch import nn


class Boom(Exception):
    pass


Boom.__name__ = "[red]Boom[/] <b>\x1b[31m"


class Raising(torch.autograd.Function):
    @staticmethod
    def forward(context, prediction):
        return prediction.sum()

    @staticmethod
    def backward(context, slope):
        raise Boom("\x1b]0;owned\x07 \ud800 ::error::x [/nope]")


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    return Raising.apply(prediction)
