# row: A11
# attack: hidden inputs, left for the next run or for another student
# outcome: zero
# from: landlock
# never: PERSISTED
# Below landlock all submissions share the host's folders; the test sweeps up after a run there.
import os

import numpy as np

PLACES = [os.path.join(place, ".hostile-left") for place in (".", "/tmp", "/dev/shm")]


def left(place):
    try:
        with open(place, "rb") as file:
            return len(file.read())
    except OSError:
        return 0


FOUND = [place for place in PLACES if left(place)]


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
