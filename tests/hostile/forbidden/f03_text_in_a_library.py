# row: F3
# attack: @ in a text that timeit runs
import timeit


def matrix_multiply(A, B):
    r = []
    timeit.timeit("r.append(A@B)", number=1, globals=dict(r=r, A=A, B=B))
    return r[0]
