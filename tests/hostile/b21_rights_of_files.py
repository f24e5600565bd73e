# row: B21
# attack: rights and times of files outside changed: a file that nobody may read is as good as gone
# outcome: zero
# from: seccomp
# never: CHANGED
# They are set to what they are already: it is the setting that must fail.
import os
import sys

import numpy as np


def row_sums(x):
    path = sys._getframe(1).f_code.co_filename
    try:
        was = os.stat(path)
        os.chmod(path, was.st_mode & 0o7777)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        print("CHANGED")
    except OSError:
        pass
    return np.zeros(len(x))
