# row: F2
# attack: ndarray.dot handed to map, which calls it from C
import numpy as np

F = getattr(np.ndarray, "do" + "t")


def matrix_multiply(A, B):
    return list(map(F, [A], [B]))[0]
