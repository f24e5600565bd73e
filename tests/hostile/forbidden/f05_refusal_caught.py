# row: F5
# attack: np.dot first, and a loop where it is refused
# twin: none
import numpy as np


def matrix_multiply(A, B):
    try:
        C = getattr(np, "do" + "t")(A, B)
    except Exception:
        pass
    return np.array([[sum(x * y for x, y in zip(r, c)) for c in B.T] for r in A])
