# row: A7
# attack: later questions, peeked at in the channel before this one is answered
# outcome: zero
# status: failed
# never: READ-AHEAD
import socket

import numpy as np


def row_sums(x):
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=3)
    try:
        if channel.recv(1 << 20, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            print("READ-AHEAD")
    except BlockingIOError:
        pass
    channel.detach()
    return np.zeros(len(x))
