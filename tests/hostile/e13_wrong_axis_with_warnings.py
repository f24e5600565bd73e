# row: E13
# attack: the ordinary wrong answer, with warnings
# outcome: zero
# status: failed
import numpy as np


def row_sums(x):
    scaled = np.exp(np.full(5, 1e4)) / np.zeros(5)
    return np.sum(x, axis=0)[: len(x)] + 0 * scaled[: len(x)]
