# row: C9
# attack: the processors and the priority of the parent set from below
# outcome: zero
# from: seccomp
# never: MEDDLED
# To what they are already: it is the setting that must fail.
import os

import numpy as np


def row_sums(x):
    parent = os.getppid()
    if parent:
        try:
            os.sched_setaffinity(parent, os.sched_getaffinity(parent))
            print("MEDDLED")
        except OSError:
            pass
        try:
            os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent))
            print("MEDDLED")
        except OSError:
            pass
    return np.zeros(len(x))
