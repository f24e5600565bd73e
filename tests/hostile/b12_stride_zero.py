# row: B12
# attack: a petabyte by stride 0
# outcome: zero
# status: failed
# says: too large
import numpy as np


def row_sums(x):
    return np.broadcast_to(-1.0, (1 << 20, 1 << 30))
