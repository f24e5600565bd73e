# row: F8
# attack: the square of a matrix of blocks
import numpy as np


def matrix_multiply(A, B):
    N, K = A.shape
    M = B.shape[1]
    Z = np.zeros((N + K + M,) * 2)
    Z[:N, N : N + K] = A
    Z[N : N + K, N + K :] = B
    return getattr(np.linalg, "matrix_" + "power")(Z, 2)[:N, N + K :]
