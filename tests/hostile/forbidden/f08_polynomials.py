# row: F8
# attack: a coefficient of a product of polynomials
import numpy as np


def matrix_multiply(A, B):
    K = len(B)
    return np.array(
        [[(np.polynomial.Polynomial(r) * np.polynomial.Polynomial(c[::-1])).coef[K - 1] for c in B.T] for r in A]
    )
