# row: F8
# attack: one entry of a convolution
import numpy as np


def matrix_multiply(A, B):
    return np.array([[getattr(np, "con" + "volve")(r, c[::-1], "valid")[0] for c in B.T] for r in A])
