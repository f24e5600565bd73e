import torch
from torch import nn
from torch.nn import functional as F


class Affine__by_hand(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Module()
        self.layer.weight = nn.Parameter(torch.randn(M, D) / D**0.5)
        self.layer.bias = nn.Parameter(torch.zeros(M))

    def forward(self, x):
        return F.linear(x, self.layer.weight, self.layer.bias)


def squared_loss__of_torch(prediction, target):
    return F.mse_loss(prediction, target)
