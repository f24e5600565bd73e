# row: D29
# attack: locks on a file that others share, so that they wait for it
# outcome: zero
# status: failed
# from: seccomp
# never: LOCKED
# A library's file is only read, and flock() asks for no more.
import fcntl

import numpy as np


def row_sums(x):
    with open(np.__file__, "rb") as file:
        for lock in (fcntl.flock, fcntl.lockf):
            try:
                lock(file, (fcntl.LOCK_EX if lock is fcntl.flock else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                print("LOCKED")
                lock(file, fcntl.LOCK_UN)
            except OSError:
                pass
    return np.zeros(len(x))
