# row: A11
# attack: hidden inputs, left for the next run or for another student
# outcome: zero
# from: landlock
# never: PERSISTED
# Below the level of namespaces all workers of one run share a folder.
import os

import numpy as np

PLACES = [os.path.join(place, ".hostile-left") for place in (".", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home")]
FOUND = [place for place in PLACES if os.path.exists(place)]


def row_sums(x):
    if FOUND:
        print("PERSISTED", FOUND)
    for place in PLACES:
        try:
            with open(place, "ab") as file:
                file.write(x.tobytes())
        except OSError:
            pass
    return np.zeros(len(x))
