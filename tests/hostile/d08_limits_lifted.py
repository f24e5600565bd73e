# row: D8
# attack: its own limits lifted, then memory in steps of a gigabyte
# outcome: zero
# from: seccomp
# needs: CAP_SYS_RESOURCE
# never: LIFTED
# Only root may lift them, and only where it has kept its rights.
import resource

import numpy as np


def row_sums(x):
    for which in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
        try:
            resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print("LIFTED")
        except (OSError, ValueError):
            pass
    return np.zeros(len(x))
