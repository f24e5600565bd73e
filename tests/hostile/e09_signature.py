# row: E9
# attack: another signature
# outcome: zero
# status: error
# says: your code cannot be called with the stub's arguments
import numpy as np


def row_sums():
    return np.zeros(3)
