# row: D12
# attack: folders inside folders, deeper than anything can walk
# outcome: zero
# from: process
# never: PERSISTED
# Below the level of namespaces they stay until the grader ends, and are too deep for what tidies up then.
import os

import numpy as np

LEFT = os.path.exists("hostile-deep")


def row_sums(x):
    if LEFT:
        print("PERSISTED")
    try:
        for _ in range(100):
            os.mkdir("hostile-deep")
            os.chdir("hostile-deep")
    except OSError:
        pass
    return np.zeros(len(x))
