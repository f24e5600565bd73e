# row: B10
# attack: complex with garbage in the imaginary part, then text
# outcome: zero
# status: failed
# says: are complex128, expected float64
import numpy as np


def row_sums(x):
    right = np.sum(x, axis=1)
    return right + 1e6j if len(x) > 1 else right.astype(str)
