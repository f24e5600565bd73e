# row: A10
# attack: a datagram to a named socket of the host, from one end of a socketpair
# outcome: zero
# from: seccomp
# never: NET-OPEN
# socketpair() is not socket(): its ends are connected to each other, and yet send to any address they are given.
# Landlock refuses it from its version 6 on (Linux 6.12).
import socket

import numpy as np


def row_sums(x):
    for number in range(8):
        try:
            ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            ours.sendto(b"!", socket.MSG_DONTWAIT, f"\0grade-hostile-{number}")
        except BlockingIOError:
            pass
        except OSError:
            continue
        print("NET-OPEN")
    return np.zeros(len(x))
