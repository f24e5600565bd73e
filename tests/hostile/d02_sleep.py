# row: D2
# attack: wall time without CPU time
# outcome: zero
# status: timeout
import time


def row_sums(x):
    time.sleep(3600)
