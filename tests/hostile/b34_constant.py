# row: B34
# attack: a constant that is right for degenerate cases
# outcome: zero
# status: failed
import numpy as np


def row_sums(x):
    return np.full(len(x), 1 / x.shape[-1])
