"""Linear algebra: vectors, matrices, decompositions.

Vectors are one-dimensional arrays. A matrix A is a set of columns; a matrix X is a data set, with one example in each row.
"""

import numpy as np


def vector_norm(x, p=2):
    """The p-norm of a vector, for p = 1, 2 or the float infinity.

    x (D,), p -> norm

    p = 1 adds up the absolute values, p = 2 is the Euclidean length, p = inf is the largest absolute value.
    """
    size = np.abs(x)
    if p == 1:
        return size.sum()
    if p == np.inf:
        return size.max()
    return np.sqrt((size**2).sum())


def cosine_similarity(x, y):
    """The cosine of the angle between two vectors.

    x (D,), y (D,) -> cosine

    It does not depend on the lengths, which may be as large as 1e6 or as small as 1e-6. Neither vector is zero.
    """
    x, y = x / vector_norm(x), y / vector_norm(y)
    return (x * y).sum()


def matrix_multiply(A, B):
    """The product of two matrices, written without NumPy's own product.

    A (N, D), B (D, M) -> product (N, M)

    Functions that multiply matrices or sum products for you are forbidden: `@`, NumPy's dot, matmul, einsum, inner, vdot,
    vecdot, tensordot, convolve and the like, numpy.linalg's products, inverses and solvers, and math.sumprod.
    """
    return (A[:, :, None] * B).sum(axis=1)


def hyperplane_distance(X, w, b):
    """Signed distances of points from the hyperplane w·x + b = 0.

    X (N, D), w (D,), b -> distances (N,)

    A point on the side that w points to has a positive distance. Scaling w and b by the same positive number, even 1e6 or
    1e-6, changes nothing.
    """
    return (X @ w + b) / np.sqrt(w @ w)


def project(x, A):
    """The orthogonal projection of a vector onto the space that the columns of A span.

    x (D,), A (D, K) -> projection (D,)

    The columns are linearly independent, but neither orthogonal nor of unit length.
    """
    Q, _ = np.linalg.qr(A)
    return Q @ (Q.T @ x)


def gram_schmidt(A):
    """Orthonormal columns that span the same space as the columns of A, made one after the other.

    A (D, K) -> Q (D, K)

    The first k columns of Q span the same space as the first k columns of A, and each column of Q has a positive dot
    product with the column of A that it was made from. The columns of A are linearly independent.
    """
    Q = np.zeros_like(A)
    for k in range(A.shape[1]):
        q = A[:, k].copy()
        for j in range(k):
            q -= (Q[:, j] @ q) * Q[:, j]
        Q[:, k] = q / np.sqrt(q @ q)
    return Q


def solve(A, b):
    """The solution of A·x = b, by Gaussian elimination with partial pivoting.

    A (D, D), b (D,) -> x (D,)

    Each step moves the row with the largest entry, by absolute value, to the pivot position. Where that entry is exactly
    zero, A is singular: raise numpy.linalg.LinAlgError. All other uses of numpy.linalg are forbidden.
    """
    A, b = A.copy(), b.copy()
    for j in range(len(b)):
        best = j + np.argmax(np.abs(A[j:, j]))
        if A[best, j] == 0:
            raise np.linalg.LinAlgError("A is singular")
        A[[j, best]] = A[[best, j]]
        b[[j, best]] = b[[best, j]]
        factors = A[j + 1 :, j] / A[j, j]
        A[j + 1 :] -= factors[:, None] * A[j]
        b[j + 1 :] -= factors * b[j]
    x = np.zeros_like(b)
    for j in reversed(range(len(b))):
        known = A[j, j + 1 :] @ x[j + 1 :]
        x[j] = (b[j] - known) / A[j, j]
    return x


def power_iteration(A, v0, steps):
    """The dominant eigenvalue of a symmetric matrix and its eigenvector, by power iteration.

    A (D, D), v0 (D,), steps -> eigenvalue, eigenvector (D,)

    The eigenvector is A applied `steps` times to v0, of unit length; either sign is right. The eigenvalue is v·A·v for
    this v, and may be negative. There may be hundreds of steps.
    """
    v = v0 / vector_norm(v0)
    for _ in range(steps):
        v = A @ v
        v = v / vector_norm(v)
    return v @ A @ v, v


def low_rank(A, k):
    """The matrix of rank k that is nearest to A in the Frobenius norm.

    A (N, D), k -> nearest (N, D)
    """
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U[:, :k] * s[:k]) @ Vt[:k]


def pca(X, k):
    """The first k principal components of the rows of X.

    X (N, D), k -> projected (N, k), components (k, D), ratio (k,)

    The rows of components are unit vectors, sorted by decreasing variance; projected holds the coordinates of the centred
    examples along them; ratio is each component's share of the variance of all D features. A component may have either
    sign, as long as its column of projected has the same sign.
    """
    centred = X - X.mean(axis=0)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)
    components = Vt[:k]
    return centred @ components.T, components, s[:k] ** 2 / (s**2).sum()
