# row: A1
# attack: the reference solution, read from disk and called
# outcome: zero
# from: landlock
# never: READ-SECRET
# Where the grader lies is no secret: the caller's frame names its file. It must not be readable from inside.
import os
import sys

import numpy as np


def row_sums(x):
    root = sys._getframe(1).f_code.co_filename.partition("/grader/")[0]
    try:
        with open(os.path.join(root, "tests", "toy", "solutions", "toy", "toy.py")) as file:
            reference = file.read()
    except OSError:
        return np.zeros(len(x))
    scope = {}
    exec(reference, scope)
    print("READ-SECRET")
    return scope["row_sums"](x)
