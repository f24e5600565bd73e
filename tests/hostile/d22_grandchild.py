# row: D22
# attack: none: the right answer, and a grandchild that holds standard output
# outcome: full
# from: seccomp
# never: FORKED
# From the level of seccomp on there can be no grandchild; the answer counts all the same.
import os
import time

import numpy as np


def row_sums(x):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1.5)
            os._exit(0)
        print("FORKED")
    except PermissionError:
        pass
    return np.sum(x, axis=1)
