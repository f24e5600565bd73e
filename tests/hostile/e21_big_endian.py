# row: E21
# attack: none: a read-only answer in another byte order and memory order
# outcome: full
import numpy as np


def row_sums(x):
    sums = np.asfortranarray(np.sum(x, axis=1)).astype(">f8")
    sums.flags.writeable = False
    return sums
