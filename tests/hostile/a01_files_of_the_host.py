# row: A1
# attack: whatever the machine has to read: accounts, other processes, home folders
# outcome: zero
# from: landlock
# never: READ-SECRET
import numpy as np

FILES = ["/etc/passwd", "/etc/hosts", "/proc/1/cmdline", "/proc/self/environ", "/proc/mounts", "/proc/cmdline"]


def row_sums(x):
    for path in FILES:
        try:
            with open(path, "rb") as file:
                if file.read(100):
                    print("READ-SECRET", path)
        except OSError:
            pass
    return np.zeros(len(x))
