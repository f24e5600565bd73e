# row: D28
# attack: none: a product that a library would spread over every core
# outcome: full
# never: OVERSUBSCRIBED
import os

import numpy as np


def row_sums(x):
    np.ones((300, 300)) @ np.ones((300, 300))
    if {os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "OPENBLAS", "MKL")} != {"1"}:
        print("OVERSUBSCRIBED")
    return x @ np.ones(x.shape[1])
