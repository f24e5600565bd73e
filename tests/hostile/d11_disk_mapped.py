# row: D11
# attack: a disk filled through memory that is shared with a file
# outcome: zero
# status: failed
# from: seccomp
# never: MAPPED
import mmap
import os

import numpy as np


def row_sums(x):
    with open("hostile", "w+b") as file:
        os.ftruncate(file.fileno(), 1 << 20)
        try:
            with mmap.mmap(file.fileno(), 1 << 20) as memory:
                memory[:] = bytes(1 << 20)
            print("MAPPED")
        except OSError:
            pass
    os.remove("hostile")
    return np.zeros(len(x))
