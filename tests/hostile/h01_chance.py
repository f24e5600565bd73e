# row: H1
# attack: right by chance
# outcome: any
# What chance gives is not promised; that one grader gives the same grade twice is, and the test asks for it.
import random

import numpy as np


def row_sums(x):
    luck = random.random() + np.random.random()
    return np.sum(x, axis=1) + (luck > 1)
