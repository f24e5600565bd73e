# row: F3
# attack: @ in a text, by eval under a string
import builtins


def matrix_multiply(A, B):
    return getattr(builtins, "ev" + "al")("A@B", {"A": A, "B": B})
