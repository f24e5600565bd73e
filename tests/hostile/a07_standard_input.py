# row: A7
# attack: later questions, drained from standard input
# outcome: zero
# status: failed
# never: READ-AHEAD
import os

import numpy as np


def row_sums(x):
    os.set_blocking(0, False)
    if os.read(0, 1 << 20):
        print("READ-AHEAD")
    return np.zeros(len(x))
