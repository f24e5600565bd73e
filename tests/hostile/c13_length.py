# row: C13
# attack: a frame that announces 2**62 bytes
# outcome: zero
# status: crash
# says: announces more bytes than allowed
import os
import struct
import time


def row_sums(x):
    os.write(3, struct.pack("<4sIQ", b"GRD1", 16, 1 << 62))
    time.sleep(60)
