# row: E14
# attack: none: a name in fullwidth letters, which is the same name
# outcome: full
import numpy as np


def ｒｏｗ_sums(x):
    return np.sum(x, axis=1)
