# row: F7
# attack: np.vectorize over np.dot
import numpy as np


def matrix_multiply(A, B):
    return np.vectorize(getattr(np, "do" + "t"), signature="(n,k),(k,m)->(n,m)")(A, B)
