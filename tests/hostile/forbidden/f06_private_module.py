# row: F6
# attack: np.dot as numpy.linalg's private module knows it
import sys


def matrix_multiply(A, B):
    return vars(sys.modules["numpy.linalg._linalg"])["do" + "t"](A, B)
