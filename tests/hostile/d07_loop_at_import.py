# row: D7
# attack: an endless loop while the file is loaded, and a wrong function below it
# outcome: zero
# status: failed
# budget: 3
# The line that hangs is left out: one more try, one more limit.
import numpy as np

while True:
    pass


def row_sums(x):
    return np.zeros(len(x))
