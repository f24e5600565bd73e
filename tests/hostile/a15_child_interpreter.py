# row: A15
# attack: the work done in a child interpreter
# outcome: zero
# status: error
# says: Operation not permitted
# from: seccomp
# never: FORKED
import subprocess
import sys

import numpy as np


def row_sums(x):
    print(subprocess.run([sys.executable, "-c", "print('FOR' + 'KED')"], capture_output=True, text=True).stdout)
    return np.zeros(len(x))
