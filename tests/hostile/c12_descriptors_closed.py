# row: C12
# attack: every descriptor closed
# outcome: zero
# status: crash
import os


def row_sums(x):
    os.closerange(0, 4096)
