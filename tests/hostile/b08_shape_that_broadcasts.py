# row: B8
# attack: right values in a shape that broadcasts against the right one
# outcome: zero
# status: failed
# says: have shape (1, 3), expected (3,)
import numpy as np


def row_sums(x):
    return np.sum(x, axis=1)[None]
