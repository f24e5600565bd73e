# row: F8
# attack: a covariance of opposites
import numpy as np


def matrix_multiply(A, B):
    n = A.shape[1] * 2
    return np.cov(np.hstack([A, -A]), np.hstack([B.T, -B.T]))[: len(A), len(A) :] * (n - 1) / 2
