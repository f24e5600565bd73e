# row: E19
# attack: none: prints, warnings, hooks, a loader, another number of threads
# outcome: full
# exercise: fits
import warnings

import torch
from torch import nn

torch.set_num_threads(1)
torch.set_printoptions(precision=2)


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        return self.layer(x)


def squared_loss(prediction, target):
    warnings.warn("a warning of its own", stacklevel=1)
    print("loss", float(torch.mean((prediction - target) ** 2)))
    prediction.register_hook(lambda slope: None)
    for batch, _ in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(prediction.detach(), target), 64):
        assert len(batch) == 40
    return torch.mean((prediction - target) ** 2)
