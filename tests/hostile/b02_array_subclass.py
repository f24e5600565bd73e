# row: B2
# attack: an ndarray subclass that answers every NumPy function with True
# outcome: zero
# status: failed
# says: are a Lying, expected an array
import numpy as np


class Lying(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True


def row_sums(x):
    return np.zeros(len(x)).view(Lying)
