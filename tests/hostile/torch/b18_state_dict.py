# row: B18
# attack: a module whose state_dict has every name that is asked for, and which takes no weights
# outcome: zero
# exercise: Affine
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return torch.zeros(len(x), 2)

    def state_dict(self, *rest, **more):
        return {"layer.weight": torch.zeros(2, 3), "layer.bias": torch.zeros(2)}

    def load_state_dict(self, weights, *rest, **more):
        print(sorted(weights))


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
