# row: F9
# attack: np.dot's original among the objects that the collector knows
import gc


def is_dot(value):
    return type(value).__name__ == "builtin_function_or_method" and value.__name__ == "do" + "t"


def matrix_multiply(A, B):
    gc.unfreeze()
    found = [v for d in gc.get_objects() if isinstance(d, dict) for v in list(d.values()) if is_dot(v)]
    return found[0](A, B)
