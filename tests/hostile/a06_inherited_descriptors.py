# row: A6
# attack: a read of every inherited descriptor
# outcome: zero
# status: failed
# never: READ-FD
import os

import numpy as np


def row_sums(x):
    for fd in range(3, 256):
        try:
            print("READ-FD", fd, len(os.pread(fd, 1 << 20, 0)))
        except OSError:
            pass
    return np.zeros(len(x))
