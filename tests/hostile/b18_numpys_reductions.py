# row: B18
# attack: NumPy's own reductions patched, so that .all() and .any() lie
# outcome: zero
import numpy as np
import numpy._core._methods as methods

methods._all = lambda *a, **k: True
methods._any = lambda *a, **k: False


def row_sums(x):
    return np.zeros(len(x))
