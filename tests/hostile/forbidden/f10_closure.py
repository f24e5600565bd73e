# row: F10
# attack: np.dot's original from the closure of the door before it
# twin: none
import numpy as np


def matrix_multiply(A, B):
    return getattr(np, "do" + "t").__closure__[2].cell_contents(A, B)
