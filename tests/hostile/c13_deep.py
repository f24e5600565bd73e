# row: C13
# attack: a header of brackets, deeper than any parser goes
# outcome: zero
# status: crash
# says: no answer
import os
import struct


def row_sums(x):
    header = b"[" * (1 << 17)
    frame = struct.pack("<4sIQ", b"GRD1", len(header), 0) + header
    while frame:
        frame = frame[os.write(3, frame) :]
