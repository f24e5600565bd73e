# row: E18
# attack: input() at the top of the file
# outcome: zero
# status: error
import numpy as np

n = int(input("rows? "))


def row_sums(x):
    return np.sum(x[:n], axis=1)
