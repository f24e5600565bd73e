# row: B14
# attack: the right answer, computed in place
# outcome: zero
# status: failed
# says: changes its input x
# The table gives full marks here, unless the exercise forbids it. This course says that inputs are never modified.
import numpy as np


def row_sums(x):
    np.cumsum(x, axis=1, out=x)
    return x[:, -1].copy()
