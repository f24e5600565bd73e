# row: B10
# attack: dates, then records, of the right length
# outcome: zero
# status: failed
# says: array of dtype
import numpy as np


def row_sums(x):
    if len(x) > 1:
        return np.zeros(len(x), "M8[s]")
    return np.zeros(len(x), [("value", float), ("more", object)])
