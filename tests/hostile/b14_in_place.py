# row: B14
# attack: the right answer, computed in place
# outcome: 2
# status: failed
# says: changes its input x
# Inputs are never modified here: that is a claim of its own, worth one of the three points.
import numpy as np


def row_sums(x):
    np.cumsum(x, axis=1, out=x)
    return x[:, -1].copy()
