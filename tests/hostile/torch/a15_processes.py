# row: A15
# attack: torch.multiprocessing and a loader with workers
# outcome: zero
# exercise: Affine
# from: seccomp
# never: STARTED
import os
import torch.multiprocessing

import torch
from torch import nn


def child(*_):
    os._exit(0)


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        def loaded():
            data = torch.utils.data.TensorDataset(torch.zeros(4))
            return next(iter(torch.utils.data.DataLoader(data, num_workers=1)))

        def forked():
            process = torch.multiprocessing.get_context("fork").Process(target=child)
            process.start()
            process.join()

        for start in (forked, loaded):
            try:
                start()
            except BaseException:
                continue
            print("STARTED")
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
