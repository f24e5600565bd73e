# row: C10
# attack: native code by torch.ops.load_library, and system calls from it
# outcome: zero
# exercise: Affine
# from: seccomp
# never: NATIVE
import ctypes
import os

import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        try:
            torch.ops.load_library("libc.so.6")
        except OSError:
            pass
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.socket(2, 1, 0) >= 0:
            print("NATIVE-SOCKET")
        if (pid := libc.fork()) >= 0:
            if pid == 0:
                os._exit(0)
            print("NATIVE-PROCESS")
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
