# row: D8
# attack: memory in steps of a gigabyte
# outcome: zero
# status: memory
import numpy as np

HELD = []


def row_sums(x):
    while len(HELD) < 100:
        HELD.append(np.empty(1 << 30, "u1"))
    return np.zeros(len(x))
