# row: F2
# attack: __matmul__ out of the type's own names


def matrix_multiply(A, B):
    return vars(type(A))["__mat" + "mul__"](A, B)
