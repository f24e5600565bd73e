# row: A10
# attack: a socket of every address family
# outcome: zero
# from: seccomp
# never: NET-OPEN
import socket

import numpy as np

INET, INET6, UNIX, NETLINK, PACKET, ALG, VSOCK = 2, 10, 1, 16, 17, 38, 40


def row_sums(x):
    for family in (INET, INET6, UNIX, NETLINK, PACKET, ALG, VSOCK):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            print("NET-OPEN", family, kind)
    return np.zeros(len(x))
