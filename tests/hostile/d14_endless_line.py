# row: D14
# attack: one endless line on standard error
# outcome: zero
# status: crash
# says: it printed more than
import os


def row_sums(x):
    while True:
        os.write(2, b"x" * (1 << 20))
