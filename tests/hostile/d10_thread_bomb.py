# row: D10
# attack: a thread bomb
# outcome: zero
# status: error
# says: can't start new thread
# never: SWARM
import threading
import time

import numpy as np


def row_sums(x):
    for _ in range(3000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    print("SWARM")
    return np.zeros(len(x))
