# row: C2
# attack: steps of a run without end, whose numbers nobody can divide
# outcome: zero
# exercise: fits
# status: crash timeout
import os
import struct

import torch
from torch import nn


def note(step, total, loss):
    header = b'{"d":[["step",%s],["total",%s],["loss",%s]]}' % (step, total, loss)
    return struct.pack("<4sIQ", b"GRD1", len(header), 0) + header


FLOOD = note(b"1" + b"0" * 400, b"1", b"0.5") * 20


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    while True:
        os.write(3, FLOOD)
