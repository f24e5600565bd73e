# row: E8
# attack: another name
# outcome: zero
# status: missing
# says: did you mean that one?
import numpy as np


def rowsums(x):
    return np.sum(x, axis=1)
