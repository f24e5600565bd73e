# row: F1
# attack: np.matmul kept in a functools.partial
import functools

import numpy as np

F = functools.partial(getattr(np, "mat" + "mul"))


def matrix_multiply(A, B):
    return F(A, B)
