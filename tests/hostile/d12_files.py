# row: D12
# attack: files without number
# outcome: zero
# status: failed crash
# seconds: 10
# never: FILLED
# Bounded for where nothing stops it.
import os

import numpy as np


def row_sums(x):
    made = []
    try:
        for number in range(200_000):
            os.close(os.open(f"hostile-{number}", os.O_CREAT | os.O_WRONLY))
            made.append(f"hostile-{number}")
        print("FILLED", len(made))
    except OSError:
        pass
    for name in made:
        os.remove(name)
    return np.zeros(len(x))
