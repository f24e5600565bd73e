# row: C13
# attack: NaN, duplicate keys, and bytes that are no UTF-8
# outcome: zero
# status: crash
# says: no answer
import os
import struct


def row_sums(x):
    header = b'{"value": NaN, "value": {"f": "nan"}, "\xff\xfe": 1e999}'
    os.write(3, struct.pack("<4sIQ", b"GRD1", len(header), 0) + header)
