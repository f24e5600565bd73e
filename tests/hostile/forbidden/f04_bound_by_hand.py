# row: F4
# attack: np.dot bound to an array by types.MethodType
import types

import numpy as np


def matrix_multiply(A, B):
    return types.MethodType(getattr(np, "do" + "t"), A)(B)
