# row: F7
# attack: np.apply_along_axis over np.dot
import numpy as np


def matrix_multiply(A, B):
    return np.apply_along_axis(getattr(np, "do" + "t"), 1, A, B)
