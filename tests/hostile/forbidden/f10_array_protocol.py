# row: F10
# attack: np.dot's original from the array protocol
import numpy as np

S = []


class X(np.ndarray):
    def __array_function__(self, f, t, a, k):
        S.append(f)


getattr(np, "do" + "t")(np.ones(2).view(X), np.ones(2))


def matrix_multiply(A, B):
    return S[0](A, B)
