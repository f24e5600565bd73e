# row: E7
# attack: tabs and spaces mixed
# outcome: zero
# status: unreadable
# says: TabError
import numpy as np


def row_sums(x):
    if len(x):
	return np.sum(x, axis=1)
