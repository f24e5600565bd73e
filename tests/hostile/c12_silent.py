# row: C12
# attack: half a frame, and then nothing
# outcome: zero
# status: timeout
import os
import struct
import time


def row_sums(x):
    os.write(3, struct.pack("<4sIQ", b"GRD1", 100, 100) + b"{")
    time.sleep(60)
