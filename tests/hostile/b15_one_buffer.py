# row: B15
# attack: none: one output buffer, used again for each call
# outcome: full
import numpy as np

BUFFER = np.empty(100)


def row_sums(x):
    out = BUFFER[: len(x)]
    out[...] = np.sum(x, axis=1)
    return out
