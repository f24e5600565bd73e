# row: D26
# attack: each answer just below the limit
# outcome: 2
# status: timeout
# The limit is for the exercise: the first answer is in time, the second is not.
import time

import numpy as np


def row_sums(x):
    time.sleep(0.7)
    return np.sum(x, axis=1)
