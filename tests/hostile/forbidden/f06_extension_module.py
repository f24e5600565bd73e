# row: F6
# attack: np.dot as the module in C knows it
import sys


def matrix_multiply(A, B):
    return sys.modules["numpy._core._multiarray_umath"].__dict__["do" + "t"](A, B)
