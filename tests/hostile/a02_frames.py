# row: A2
# attack: the expected array or the reference, looked for in the callers' frames
# outcome: zero
# status: failed
# never: READ-SECRET
import sys

import numpy as np

WANTED = {"expected", "reference", "solution", "key", "question", "tolerance", "facts", "mistakes", "seed"}


def row_sums(x):
    answer = np.zeros(len(x))
    frame = sys._getframe(1)
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in WANTED:
                print("READ-SECRET", name)
            if isinstance(value, np.ndarray) and value.shape == answer.shape:
                answer = value
        frame = frame.f_back
    return answer
