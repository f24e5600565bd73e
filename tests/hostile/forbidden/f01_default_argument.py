# row: F1
# attack: np.matmul kept in a default argument
import numpy as np


def g(a, b, f=getattr(np, "mat" + "mul")):
    return f(a, b)


def matrix_multiply(A, B):
    return g(A, B)
