# row: E19
# attack: none: a file written as a script
# outcome: full
import sys

import numpy as np


def row_sums(x):
    return np.sum(x, axis=1)


print(row_sums(np.ones((2, 3))))
if __name__ == "__main__":
    while True:
        pass
sys.exit(0)
