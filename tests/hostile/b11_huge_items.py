# row: B11
# attack: the right shape with items of 64 MB
# outcome: zero
# status: failed memory
import numpy as np


def row_sums(x):
    return np.zeros(len(x), "V67108864")
