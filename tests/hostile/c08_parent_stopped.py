# row: C8
# attack: the parent stopped, so that its watchdog never fires
# outcome: zero
# from: seccomp
# never: SIGNALLED
# It is let go on after a moment, so that this file can also be run where nothing forbids it.
import os
import signal
import time

import numpy as np


def row_sums(x):
    parent = os.getppid()
    try:
        os.kill(parent, signal.SIGSTOP)
    except OSError:
        return np.zeros(len(x))
    print("SIGNALLED")
    time.sleep(0.2)
    os.kill(parent, signal.SIGCONT)
    return np.zeros(len(x))
