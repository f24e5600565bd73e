# row: F5
# attack: np.dot in another thread
from concurrent.futures import ThreadPoolExecutor

import numpy as np


def matrix_multiply(A, B):
    with ThreadPoolExecutor(2) as p:
        return p.submit(getattr(np, "do" + "t"), A, B).result()
