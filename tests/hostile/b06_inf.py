# row: B6
# attack: inf, whose own size makes any relative tolerance infinite
# outcome: zero
# status: failed
# says: is inf, expected
import numpy as np


def row_sums(x):
    return np.full(len(x), np.inf)
