# row: F8
# attack: the product of numpy.matrix
import numpy as np


def matrix_multiply(A, B):
    return np.asarray(np.asmatrix(A) * np.asmatrix(B))
