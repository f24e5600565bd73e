# row: A10
# attack: a plain TCP connection
# outcome: zero
# status: error
# says: Operation not permitted
# from: seccomp
import socket

import numpy as np


def row_sums(x):
    socket.create_connection(("127.0.0.1", 9), timeout=0.5)
    return np.zeros(len(x))
