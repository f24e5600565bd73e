# row: C12
# attack: right answers from a worker that hears nothing more: what was sent ahead it has heard
# outcome: full
# status: passed
import socket

import numpy as np


def row_sums(x):
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=3)
    channel.shutdown(socket.SHUT_RD)
    channel.detach()
    return np.sum(x, axis=1)
