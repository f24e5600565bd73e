# row: A14
# attack: the import gate removed, the folder of the other packages put on the path
# outcome: zero
# from: landlock
# never: IMPORTED
import os
import sys

import numpy as np


def row_sums(x):
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Gate"]
    sys.path.append(os.path.dirname(os.path.dirname(np.__file__)))
    try:
        import click

        print("IMPORTED", click.__name__)
    except ImportError:
        pass
    return np.zeros(len(x))
