# row: A10
# attack: torch.hub, torch.distributed and a store of its own over the network
# outcome: zero
# exercise: Affine
# from: seccomp
# never: NET-OPEN
import socket

import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, D, M):
        super().__init__()
        self.layer = nn.Linear(D, M)

    def forward(self, x):
        for reach in (
            lambda: torch.hub.load_state_dict_from_url("http://127.0.0.1:9/weights.pth"),
            lambda: torch.hub.load("pytorch/vision", "resnet18", trust_repo=True),
            lambda: torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False),
            lambda: torch.distributed.init_process_group("gloo", "tcp://127.0.0.1:0", rank=0, world_size=1),
            lambda: socket.socket().close(),
            lambda: socket.socket(40, socket.SOCK_STREAM).close(),
        ):
            try:
                reach()
            except BaseException:
                continue
            print("NET-OPEN")
        return 0 * x[:, :2]


def squared_loss(prediction, target):
    return torch.mean((prediction - target) ** 2)
