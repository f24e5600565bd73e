# row: E6
# attack: a bracket that is never closed
# outcome: zero
# status: unreadable
# says: at line 10
import numpy as np


def row_sums(x):
    return np.sum(x, axis=1
