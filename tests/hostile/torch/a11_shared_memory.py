# row: A11
# attack: an input left in shared memory by share_memory_()
# outcome: zero
# exercise: Affine
# from: landlock
# never: SHARED
import torch.multiprocessing

import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        for strategy in ("file_system", "file_descriptor"):
            try:
                torch.multiprocessing.set_sharing_strategy(strategy)
                x.clone().share_memory_()
                print("SHARED", strategy)
            except BaseException:
                continue
        try:
            open("/dev/shm/.hostile-left", "wb").write(bytes(8))
            print("SHARED a file")
        except OSError:
            pass
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
