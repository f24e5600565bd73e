# row: F4
# attack: the module operator loaded a second time
import sys


def matrix_multiply(A, B):
    m = sys.modules.pop("_operator")
    import _operator

    return getattr(_operator, "mat" + "mul")(A, B)
