# row: C13
# attack: a type's name of 100 kB, with escapes for the terminal
# outcome: zero
# status: failed
import os
import struct


def row_sums(x):
    header = b'{"d":[["value",{"o":"\\u001b[31m' + b"A" * (100_000) + b'"}],["changed",[]]]}'
    frame = struct.pack("<4sIQ", b"GRD1", len(header), 0) + header
    while frame:
        frame = frame[os.write(3, frame) :]
