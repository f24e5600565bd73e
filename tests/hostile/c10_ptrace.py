# row: C10
# attack: ptrace and process_vm_writev on the parent
# outcome: zero
# from: seccomp
# never: TRACED
import ctypes
import os

import numpy as np

PTRACE_SEIZE = 0x4206
LIBC = ctypes.CDLL(None, use_errno=True)


def row_sums(x):
    parent = os.getppid()
    if parent and LIBC.ptrace(PTRACE_SEIZE, parent, None, None) == 0:
        print("TRACED")
    return np.zeros(len(x))
