# row: C9
# attack: a signal to whatever can be reached, by number
# outcome: zero
# from: seccomp
# never: SIGNALLED
# Signal 0 asks whether it could.
import os

import numpy as np


def row_sums(x):
    for pid in (os.getppid() or 2, -1, 1 if os.getpid() != 1 else 2, os.getppid() - 1):
        try:
            os.kill(pid, 0)
            print("SIGNALLED", pid)
        except OSError:
            pass
    return np.zeros(len(x))
