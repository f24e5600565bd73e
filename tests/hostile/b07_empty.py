# row: B7
# attack: an empty answer, of which everything is true
# outcome: zero
# status: failed
# says: have shape (0,), expected
import numpy as np


def row_sums(x):
    return np.empty((0,))
