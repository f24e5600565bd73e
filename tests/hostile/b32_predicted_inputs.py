# row: B32
# attack: the inputs predicted from small seeds, the clock and the inherited random state
# outcome: zero
# never: PREDICTED
import time

import numpy as np


def row_sums(x):
    for seed in (*range(200), int(time.time())):
        for guess in (np.random.default_rng(seed).standard_normal(x.shape), np.random.RandomState(seed).randn(*x.shape)):
            if np.allclose(guess, x):
                print("PREDICTED", seed)
    if np.allclose(np.random.randn(*x.shape), x):
        print("PREDICTED")
    return np.zeros(len(x))
