# row: B1
# attack: an object that claims to equal everything
# outcome: zero
# status: failed
# says: are a Yes, expected an array
import numpy as np


class Yes:
    __array_priority__ = 1e9
    shape = (3,)
    dtype = np.dtype(float)

    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return np.zeros(3)

    __rsub__ = __sub__

    def __le__(self, other):
        return True

    def __array_function__(self, *args):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return True


def row_sums(x):
    return Yes()
