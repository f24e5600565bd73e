# row: E9
# attack: another signature
# outcome: zero
# status: error
# says: it cannot be called as asked
import numpy as np


def row_sums():
    return np.zeros(3)
