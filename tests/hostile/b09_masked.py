# row: B9
# attack: wrong values, all of them masked
# outcome: zero
# status: failed
# says: are a MaskedArray
import numpy as np


def row_sums(x):
    return np.ma.masked_array(np.zeros(len(x)), mask=True)
