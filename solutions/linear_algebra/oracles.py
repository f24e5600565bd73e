"""Independent truth for this unit: exact fractions, SciPy, eigenvalues for singular values. Read by `grade dev check` alone."""

import math
from fractions import Fraction

import numpy as np
import scipy.linalg


def exact(values):
    return [Fraction(float(value)) for value in values]


def dot(x, y):
    """The exact dot product."""
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def signed_root(fraction):
    return math.copysign(math.sqrt(abs(fraction)), fraction)


def vector_norm(x, p=2):
    x = [abs(value) for value in x.tolist()]
    return {1: math.fsum(x), 2: math.hypot(*x), math.inf: max(x)}[p]


def cosine_similarity(x, y):
    x, y = exact(x), exact(y)
    product = dot(x, y)
    return signed_root(product * abs(product) / (dot(x, x) * dot(y, y)))


def matrix_multiply(A, B):
    return np.array([[float(dot(exact(row), exact(column))) for column in B.T] for row in A])


def hyperplane_distance(X, w, b):
    w, b = exact(w), Fraction(float(b))
    heights = [dot(w, exact(x)) + b for x in X]
    return np.array([signed_root(height * abs(height) / dot(w, w)) for height in heights])


def project(x, A):
    return A @ scipy.linalg.lstsq(A, x)[0]


def gram_schmidt(A):
    Q, R = scipy.linalg.qr(A, mode="economic")
    return Q * np.sign(np.diag(R))


def solve(A, b):
    if not np.linalg.det(A):
        raise np.linalg.LinAlgError
    return scipy.linalg.lu_solve(scipy.linalg.lu_factor(A), b)


def power_iteration(A, v0, steps):
    values, vectors = scipy.linalg.eigh(A)
    v = vectors @ ((values / np.abs(values).max()) ** steps * (vectors.T @ (v0 / np.abs(v0).max())))
    v = v / math.hypot(*v)
    return v @ A @ v, v


def low_rank(A, k):
    U, s, Vt = scipy.linalg.svd(A, lapack_driver="gesvd")
    return sum(s[i] * np.outer(U[:, i], Vt[i]) for i in range(k))


def pca(X, k):
    values, vectors = scipy.linalg.eigh(np.cov(X, rowvar=False))
    components = vectors[:, ::-1][:, :k].T
    return (X - X.mean(axis=0)) @ components.T, components, values[::-1][:k] / values.sum()
