# row: C13
# attack: an array whose shape is larger than its bytes
# outcome: zero
# status: crash
# says: a dtype or shape that is not allowed
import os
import struct


def row_sums(x):
    header = b'{"d":[["value",{"a":["<f8",[99999999,3]]}],["changed",[]]]}'
    os.write(3, struct.pack("<4sIQ", b"GRD1", len(header), 24) + header + bytes(24))
