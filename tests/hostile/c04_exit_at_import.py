# row: C4
# attack: a clean exit while the file is loaded
# outcome: zero
# status: failed
# The line is left out and the rest of the file is graded: honest files keep what they have.
import os

import numpy as np

os._exit(0)


def row_sums(x):
    return np.zeros(len(x))
