# row: B4
# attack: an object array of numbers that subtract to zero and exceed nothing
# outcome: zero
# status: failed
# says: dtype object
import numpy as np


class Chameleon(float):
    def __sub__(self, other):
        return Chameleon(0)

    __rsub__ = __sub__

    def __gt__(self, other):
        return False


def row_sums(x):
    return np.array([Chameleon(i) for i in range(len(x))], dtype=object)
