# row: D26
# attack: a file whose every line takes just less than the limit
# outcome: zero
# seconds: 0.3
# budget: 7
import time

import numpy as np

time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)
time.sleep(0.25)


def row_sums(x):
    return np.zeros(len(x))
