# row: F1
# attack: np.dot taken at import out of NumPy's own names
import numpy as np

F = vars(np)["do" + "t"]


def matrix_multiply(A, B):
    return F(A, B)
