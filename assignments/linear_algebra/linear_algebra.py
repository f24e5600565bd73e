"""Linear algebra: vectors, matrices, decompositions.

Vectors are one-dimensional arrays. A matrix A is a set of columns; a matrix X is a data set, with one example in each row.
"""

import numpy as np


def vector_norm(x, p=2):
    """The p-norm of a vector, for p = 1, 2 or the float infinity.

    x (D,), p -> norm

    p = 1 adds up the absolute values, p = 2 is the Euclidean length, p = inf is the largest absolute value.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def cosine_similarity(x, y):
    """The cosine of the angle between two vectors.

    x (D,), y (D,) -> cosine

    It does not depend on the lengths, which may be as large as 1e6 or as small as 1e-6. Neither vector is zero.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def matrix_multiply(A, B):
    """The product of two matrices, written without NumPy's own product.

    A (N, D), B (D, M) -> product (N, M)

    Functions that multiply matrices or sum products for you are forbidden: `@`, NumPy's dot, matmul, einsum, inner, vdot,
    vecdot, tensordot, convolve and the like, numpy.linalg's products, inverses and solvers, and math.sumprod.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def hyperplane_distance(X, w, b):
    """Signed distances of points from the hyperplane w·x + b = 0.

    X (N, D), w (D,), b -> distances (N,)

    A point on the side that w points to has a positive distance. Scaling w and b by the same positive number, even 1e6 or
    1e-6, changes nothing.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def project(x, A):
    """The orthogonal projection of a vector onto the space that the columns of A span.

    x (D,), A (D, K) -> projection (D,)

    The columns are linearly independent, but neither orthogonal nor of unit length.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gram_schmidt(A):
    """Orthonormal columns that span the same space as the columns of A, made one after the other.

    A (D, K) -> Q (D, K)

    The first k columns of Q span the same space as the first k columns of A, and each column of Q has a positive dot
    product with the column of A that it was made from. The columns of A are linearly independent.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def solve(A, b):
    """The solution of A·x = b, by Gaussian elimination with partial pivoting.

    A (D, D), b (D,) -> x (D,)

    Each step moves the row with the largest entry, by absolute value, to the pivot position. Where that entry is exactly
    zero, A is singular: raise numpy.linalg.LinAlgError. All other uses of numpy.linalg are forbidden.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def power_iteration(A, v0, steps):
    """The dominant eigenvalue of a symmetric matrix and its eigenvector, by power iteration.

    A (D, D), v0 (D,), steps -> eigenvalue, eigenvector (D,)

    The eigenvector is A applied `steps` times to v0, of unit length; either sign is right. The eigenvalue is v·A·v for
    this v, and may be negative. There may be hundreds of steps.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def low_rank(A, k):
    """The matrix of rank k that is nearest to A in the Frobenius norm.

    A (N, D), k -> nearest (N, D)
    """
    # YOUR CODE HERE
    raise NotImplementedError


def pca(X, k):
    """The first k principal components of the rows of X.

    X (N, D), k -> projected (N, k), components (k, D), ratio (k,)

    The rows of components are unit vectors, sorted by decreasing variance; projected holds the coordinates of the centred
    examples along them; ratio is each component's share of the variance of all D features. A component may have either
    sign, as long as its column of projected has the same sign.
    """
    # YOUR CODE HERE
    raise NotImplementedError
