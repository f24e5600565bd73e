# row: F10
# attack: np.dot's original from a list that NumPy keeps
from numpy._core import overrides


def matrix_multiply(A, B):
    return [f for f in overrides.ARRAY_FUNCTIONS if f.__name__ == "do" + "t"][0](A, B)
