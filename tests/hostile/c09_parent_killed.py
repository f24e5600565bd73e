# row: C9
# attack: the parent killed
# outcome: zero
# status: failed
# from: seccomp
# never: KILLABLE
import os
import signal

import numpy as np


def row_sums(x):
    parent = os.getppid()
    try:
        os.kill(parent, 0)
        print("KILLABLE", flush=True)
        os.kill(parent, signal.SIGKILL)
    except OSError:
        pass
    return np.zeros(len(x))
