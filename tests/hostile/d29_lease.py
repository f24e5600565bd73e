# row: D29
# attack: a lease on a file, which makes whoever opens it wait
# outcome: zero
# status: failed
# from: seccomp
# never: LEASED
# On a file of its own: one on a library's file would stop every process of the machine that opens it.
import fcntl
import os

import numpy as np

F_SETLEASE, F_UNLCK = 1024, 2


def row_sums(x):
    with open("own.txt", "w") as file:
        file.write("mine")
    for kind, flags in ((fcntl.F_RDLCK, os.O_RDONLY), (fcntl.F_WRLCK, os.O_WRONLY)):
        fd = os.open("own.txt", flags)
        try:
            fcntl.fcntl(fd, F_SETLEASE, kind)
            print("LEASED")
            fcntl.fcntl(fd, F_SETLEASE, F_UNLCK)
        except OSError:
            pass
        os.close(fd)
    os.unlink("own.txt")
    return np.zeros(len(x))
