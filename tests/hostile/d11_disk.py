# row: D11
# attack: a disk filled by files of the allowed size, without a byte written
# outcome: zero
# from: seccomp
# never: FILLED
# Bounded, and removed at the end, for where nothing stops it.
import os

import numpy as np

SIZE = 16 << 20


def row_sums(x):
    made = []
    try:
        for number in range(16):
            made.append(f"hostile-{number}")
            with open(made[-1], "wb") as file:
                os.posix_fallocate(file.fileno(), 0, SIZE)
        print("FILLED", len(made) * SIZE)
    except OSError:
        pass
    for name in made:
        try:
            os.remove(name)
        except OSError:
            pass
    return np.zeros(len(x))
