# row: A12
# attack: another package by importlib and a split string
# outcome: zero
# status: forbidden
# says: scipy may not be imported here
import importlib


def row_sums(x):
    special = importlib.import_module("sci" + "py.special")
    return special.logsumexp(x, axis=1)
