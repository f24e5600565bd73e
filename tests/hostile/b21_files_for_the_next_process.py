# row: B21
# attack: files that Python or pytest would run, written where the grader lies
# outcome: zero
# from: landlock
# never: WROTE
# They are removed at once: it is the writing that must fail.
import os
import sys

import numpy as np


def row_sums(x):
    root = sys._getframe(1).f_code.co_filename.partition("/grader/")[0]
    for folder in (root, os.path.join(root, "tests", "hostile"), os.path.dirname(np.__file__)):
        path = os.path.join(folder, ".hostile-sitecustomize.py")
        try:
            with open(path, "w") as file:
                file.write("print('WROTE')")
            os.remove(path)
        except OSError:
            continue
        print("WROTE", folder)
    for name in ("conftest.py", "sitecustomize.py", "numpy.py", "hostile.pth"):
        with open(name, "w") as file:
            file.write("raise SystemExit('PERSISTED')")
    return np.zeros(len(x))
