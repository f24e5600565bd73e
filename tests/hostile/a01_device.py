# row: A1
# attack: a device made where files may be made, and read: with root's rights, the whole disk
# outcome: zero
# from: seccomp
# needs: CAP_MKNOD
# never: DEVICE
# Here it is /dev/zero.
import os
import stat

import numpy as np


def row_sums(x):
    try:
        os.mknod("hostile-device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        with open("hostile-device", "rb") as file:
            print("DEVICE", file.read(4))
        os.remove("hostile-device")
    except OSError:
        pass
    return np.zeros(len(x))
