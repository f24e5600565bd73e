"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math

import numpy as np
from numpy.linalg import LinAlgError


def vector_norm__hypot(x, p=2):
    if p == 2:
        return math.hypot(*x)
    return max(abs(x)) if p == math.inf else sum(abs(x))


def unit(x):
    """The vector at unit length; scaled by a power of two first, which is exact."""
    x = x / 2.0 ** math.frexp(np.abs(x).max())[1]
    return x / math.sqrt(np.dot(x, x))


def cosine_similarity__by_the_chord(x, y):
    """A chord c between unit vectors leaves 1 − c²/2; near opposite ends, the other chord does."""
    x, y = unit(x), unit(y)
    apart, along = ((x - y) ** 2).sum(), ((x + y) ** 2).sum()
    return (along - apart) / 4


def dot(row, column):
    total = 0.0
    for a, b in zip(row, column, strict=True):
        total += a * b
    return total


def matrix_multiply__three_loops(A, B):
    """No `@`, no np.dot."""
    matmul = np.empty((len(A), B.shape[1]))
    for i in range(len(A)):
        for j in range(B.shape[1]):
            matmul[i, j] = dot(A[i], B[:, j])
    return matmul


def matrix_multiply__outer_products(A, B):
    return sum(np.multiply.outer(A[:, d], B[d]) for d in range(len(B)))


def hyperplane_distance__from_the_foot(X, w, b):
    """Along the unit normal, from a point of the plane."""
    normal = unit(w)
    largest = np.argmax(np.abs(w))
    foot = np.zeros(len(w))
    foot[largest] = -b / w[largest]
    return np.array([(x - foot) @ normal for x in X])


def project__least_squares(x, A):
    weights = np.linalg.lstsq(A, x, rcond=None)[0]
    return (A * weights).sum(axis=1)


def project__what_is_left(x, A):
    """Take every orthonormal direction out of x; what has gone is the projection."""
    rest = x.copy()
    for q in gram_schmidt__classical(A).T:
        rest = rest - q * (q @ rest)
    return x - rest


def gram_schmidt__classical(A):
    columns = []
    for a in A.T:
        q = a - sum((c * (c @ a) for c in columns), np.zeros(len(a)))
        columns.append(q / np.linalg.norm(q))
    return np.stack(columns, axis=1)


def gram_schmidt__qr_with_signs(A):
    Q, R = np.linalg.qr(A)
    return Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)


def solve__gauss_jordan(A, b):
    """All of the column is cleared, not only below the pivot."""
    M = np.column_stack([A, b])
    D = len(M)
    for j in range(D):
        best = max(range(j, D), key=lambda i: abs(M[i, j]))
        if not M[best, j]:
            raise LinAlgError("no pivot")
        M[[j, best]] = M[[best, j]]
        M[j] /= M[j, j]
        for i in range(D):
            if i != j:
                M[i] -= M[i, j] * M[j]
    return M[:, -1]


def solve__recursive(A, b):
    best = int(np.argmax(np.abs(A[:, 0])))
    if A[best, 0] == 0:
        raise LinAlgError
    others = [i for i in range(len(b)) if i != best]
    if not others:
        return b / A[0]
    factors = A[others, 0] / A[best, 0]
    rest = solve__recursive(A[others][:, 1:] - np.outer(factors, A[best, 1:]), b[others] - factors * b[best])
    return np.array([(b[best] - (A[best, 1:] * rest).sum()) / A[best, 0], *rest])


def power_iteration__largest_entry(A, v0, steps):
    """Scale by the largest entry on the way, and to unit length at the end; the sign is as it comes."""
    v = v0
    for _ in range(steps):
        v = A @ (v / np.abs(v).max())
    v = -v / np.abs(v).max()
    v = v / np.linalg.norm(v)
    return (v * (A @ v)).sum(), v


def low_rank__one_by_one(A, k):
    U, s, V = np.linalg.svd(A)
    return np.sum([s[i] * np.outer(U[:, i], V[i]) for i in range(k)], axis=0)


def low_rank__onto_directions(A, k):
    """Project the rows onto the k leading eigenvectors of AᵀA."""
    _, vectors = np.linalg.eigh(A.T @ A)
    V = vectors[:, -k:]
    return A @ V @ V.T


def pca__covariance(X, k):
    X = X - np.mean(X, 0)
    values, vectors = np.linalg.eigh(np.cov(X.T))
    order = np.argsort(-values)
    components = vectors[:, order[:k]].T
    return [X @ components.T, components, values[order[:k]] / np.trace(np.cov(X.T))]


def pca__other_signs(X, k):
    """The scores come from the left singular vectors; every component turned round."""
    X = X - X.mean(0)
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    variances = (X**2).sum()
    return -U[:, :k] * s[:k], -Vt[:k], np.array([value**2 / variances for value in s[:k]])


def vector_norm__numpy(x, p=2):
    return np.linalg.norm(x, ord=p)


def cosine_similarity__numpy(x, y):
    return x @ y / (np.linalg.norm(x) * np.linalg.norm(y))


def hyperplane_distance__numpy(X, w, b):
    return (X @ w + b) / np.linalg.norm(w)


def project__pseudo_inverse(x, A):
    return A @ (np.linalg.pinv(A) @ x)


def project__normal_equations(x, A):
    return A @ np.linalg.solve(A.T @ A, A.T @ x)


def low_rank__diagonal(A, k):
    U, s, Vt = np.linalg.svd(A)
    return U[:, :k] @ np.diag(s[:k]) @ Vt[:k]


def pca__numpy_cov(X, k):
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(X, rowvar=False)))
    components = vectors[:, ::-1].T[:k]
    return (X - X.mean(axis=0)) @ components.T, components, values[::-1][:k] / values.sum()
