# row: D6
# attack: SIGSTOP to itself
# outcome: zero
# status: timeout failed
# The first process of a namespace cannot be stopped; there it goes on, and is wrong.
import os
import signal

import numpy as np


def row_sums(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    return np.zeros(len(x))
