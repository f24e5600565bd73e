# row: C12
# attack: an answer that comes byte by byte, for ever
# outcome: zero
# status: timeout
import os
import struct
import time


def row_sums(x):
    os.write(3, struct.pack("<4sIQ", b"GRD1", 1 << 17, 0))
    while True:
        os.write(3, b"[")
        time.sleep(0.01)
