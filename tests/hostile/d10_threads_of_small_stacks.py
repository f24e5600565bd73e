# row: D10
# attack: as many threads as there can be, past Python's own
# outcome: zero
# never: SWARM
import ctypes

import numpy as np

LIBC = ctypes.CDLL(None)


def row_sums(x):
    attributes = ctypes.create_string_buffer(64)
    LIBC.pthread_attr_init(attributes)
    LIBC.pthread_attr_setstacksize(attributes, ctypes.c_size_t(16384))
    pause, thread, count = ctypes.cast(LIBC.pause, ctypes.c_void_p), ctypes.c_ulong(), 0
    while count < 400 and LIBC.pthread_create(ctypes.byref(thread), attributes, pause, None) == 0:
        count += 1
    if count > 64:
        print("SWARM", count)
    return np.zeros(len(x))
