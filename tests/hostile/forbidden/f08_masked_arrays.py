# row: F8
# attack: the product of masked arrays
import numpy as np


def matrix_multiply(A, B):
    return np.asarray(getattr(np.ma, "do" + "t")(A, B))
