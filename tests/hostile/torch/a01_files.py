# row: A1
# attack: torch.load, torch.from_file and torch.jit.load of files of the host
# outcome: zero
# exercise: Affine
# from: landlock
# never: READ
import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        for path in ("/etc/passwd", "/etc/hostname", "/proc/self/status", "/proc/1/status"):
            for read in (torch.load, torch.jit.load, lambda path: torch.from_file(path, size=8, dtype=torch.uint8)):
                try:
                    read(path)
                except OSError:
                    continue
                except BaseException as error:  # any other failure has had the file open
                    if any(words in str(error) for words in ("No such file", "ermission denied", "not exist", "No file")):
                        continue
                print("READ", path)
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
