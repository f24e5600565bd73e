# row: D9
# attack: a fork bomb
# outcome: zero
# status: error
# says: Operation not permitted
# from: seccomp
# never: FORKED
# Processes are refused one and all from the level of seccomp on. Bounded, for where they are not.
import os
import time

import numpy as np


def row_sums(x):
    for _ in range(30):
        if os.fork() == 0:
            time.sleep(1)
            os._exit(0)
    print("FORKED")
    return np.zeros(len(x))
