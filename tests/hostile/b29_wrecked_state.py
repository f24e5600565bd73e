# row: B29
# attack: none: right answers, and the state of the process in ruins
# outcome: full
import os
import random
import sys

import numpy as np

np.seterr(all="raise")
np.random.seed(0)
random.seed(0)
os.chdir("/")
os.umask(0o777)
os.environ.clear()
sys.path[:] = []
sys.argv[:] = []
sys.setrecursionlimit(200)
sys.stdout = sys.stderr = None


def row_sums(x):
    return np.sum(x, axis=1)
