# row: D19
# attack: an answer of a few bytes more than one may have
# outcome: zero
# status: memory
# says: its answer has
# seconds: 3
import numpy as np


def row_sums(x):
    return np.zeros((64 << 20) // 8 + 1)
