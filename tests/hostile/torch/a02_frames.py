# row: A2 A3
# attack: a search of frames and of all objects for the held-back answers
# outcome: zero
# exercise: fits
# never: FOUND
import gc
import sys

import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if name in ("truth", "expected", "question", "key", "tolerance", "metric"):
                print("FOUND", name)
        frame = frame.f_back
    for item in gc.get_objects():
        if isinstance(item, torch.Tensor) and item.shape == (20, 1) and not item.requires_grad:
            print("FOUND a tensor of the held-back answers' shape")
    return 0 * prediction.sum()
