# row: D11
# attack: a disk filled by writing one file of the allowed size again and again
# outcome: zero
# status: failed crash
# seconds: 10
# never: FILLED
# Bounded for where nothing stops it: four gigabytes. Each file is gone before the next, so that what lies there never tells.
import os

import numpy as np

PIECE = bytes(1 << 20)


def row_sums(x):
    try:
        for _ in range(256):
            with open("hostile", "wb") as file:
                for _ in range(15):
                    file.write(PIECE)
            if os.getcwd() in ("/tmp", "/scratch"):  # a file system of its own: what was removed is free again
                break
            os.remove("hostile")
        else:
            print("FILLED")
    except OSError:
        pass
    return np.zeros(len(x))
