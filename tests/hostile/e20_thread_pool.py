# row: E20
# attack: none: a pool of threads
# outcome: full
from concurrent.futures import ThreadPoolExecutor

import numpy as np


def row_sums(x):
    with ThreadPoolExecutor(4) as pool:
        return np.array(list(pool.map(np.sum, x)))
