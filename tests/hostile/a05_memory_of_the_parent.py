# row: A5
# attack: the memory of the fork server and of the grader behind it, by /proc/PID/mem
# outcome: zero
# from: landlock
# needs: a plain user
# never: READ-PARENT
import os

import numpy as np


def parent_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(next(line.split()[1] for line in file if line.startswith("PPid")))


def row_sums(x):
    try:
        for pid in (os.getppid(), parent_of(os.getppid())):
            with open(f"/proc/{pid}/maps") as file:
                low = next(int(line.split("-")[0], 16) for line in file if "[heap]" in line)
            with open(f"/proc/{pid}/mem", "rb") as memory:
                memory.seek(low)
                print("READ-PARENT", len(memory.read(4096)))
    except OSError:
        pass
    return np.zeros(len(x))
