# row: A3
# attack: an array of the right shape inside any container that the collector knows
# outcome: zero
# status: failed
import gc

import numpy as np


def row_sums(x):
    gc.unfreeze()
    for owner in gc.get_objects():
        for value in gc.get_referents(owner):
            if type(value) is np.ndarray and value.dtype == np.float64 and value.shape == (len(x),):
                return value
    return np.zeros(len(x))
