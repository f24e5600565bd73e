# row: D19
# attack: an answer of 8 GB
# outcome: zero
# status: memory
import numpy as np


def row_sums(x):
    return np.full((1 << 27, 8), -1.0)
