# row: E12
# attack: no return
# outcome: zero
# status: failed
# says: is a `return` missing?
import numpy as np


def row_sums(x):
    np.sum(x, axis=1)
