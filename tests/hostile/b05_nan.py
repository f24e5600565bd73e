# row: B5
# attack: NaN, which is greater than no tolerance
# outcome: zero
# status: failed
# says: is nan, expected
import numpy as np


def row_sums(x):
    return np.full(len(x), np.nan)
