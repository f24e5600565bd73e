# row: D13
# attack: two gigabytes on standard output
# outcome: zero
# status: crash
# says: it printed more than
import os


def row_sums(x):
    flood = b"x" * (1 << 20)
    for _ in range(2048):
        os.write(1, flood)
