# row: F3
# attack: @ in a text that is compiled at run time


def matrix_multiply(A, B):
    import types

    c = compile("lambda a,b:a@b", "x", "ev" + "al")
    f = types.FunctionType(c, {})()
    return f(A, B)
