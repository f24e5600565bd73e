# row: E15
# attack: a name with a Cyrillic letter, which is another name
# outcome: zero
# status: missing
# says: has the character U+043E
import numpy as np


def rоw_sums(x):
    return np.sum(x, axis=1)
