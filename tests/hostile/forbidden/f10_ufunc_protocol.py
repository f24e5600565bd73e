# row: F10
# attack: np.matmul's original from the ufunc protocol
import numpy as np

S = []


class X(np.ndarray):
    def __array_ufunc__(self, f, *a, **k):
        S.append(f)


np.ones(2).view(X) @ np.ones(2)


def matrix_multiply(A, B):
    return S[0](A, B)
