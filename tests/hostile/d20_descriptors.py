# row: D20
# attack: every descriptor used up
# outcome: zero
# status: error
# says: Too many open files
import os


def row_sums(x):
    while True:
        os.open("/dev/null", os.O_RDONLY)
