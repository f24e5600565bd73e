# row: D12
# attack: thousands of files
# outcome: zero
# from: namespaces
# seconds: 3
# never: FILLED
import os

import numpy as np


def row_sums(x):
    made = []
    try:
        for number in range(1200):
            os.close(os.open(f"hostile-{number}", os.O_CREAT | os.O_WRONLY))
            made.append(f"hostile-{number}")
        print("FILLED", len(made))
    except OSError:
        pass
    for name in made:
        os.remove(name)
    return np.zeros(len(x))
