# row: A14
# attack: __import__, taken out of the globals of a loaded module
# outcome: zero
# status: forbidden
# says: scipy may not be imported here
import numpy as np


def row_sums(x):
    return vars(np)["__builtins__"]["__import__"]("scipy.special").special.logsumexp(x, axis=1)
