# row: F3
# attack: a function of the same file with @, called by its string


def zz(a, b):
    return a @ b


def matrix_multiply(A, B):
    return globals()["z" + "z"](A, B)
