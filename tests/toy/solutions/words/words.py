"""Words: one small exercise for each word of the vocabulary beyond a plain call."""

import math

import numpy as np


def slope(f, x, h=1e-5):
    """The central difference of a function of one number.

    f, x, h -> slope
    """
    return (f(x + h) - f(x - h)) / (2 * h)


def momentum(w, dw, state, lr, momentum=0.9):
    """One step of gradient descent with momentum.

    w (D,), dw (D,) -> w (D,), state
    """
    state = dw if state is None else momentum * state + dw
    return w - lr * state, state


def reciprocal(A):
    """The inverse of a 2×2 matrix.

    A (2, 2) -> inverse (2, 2)
    """
    (a, b), (c, d) = A
    det = a * d - b * c
    if det == 0:
        raise np.linalg.LinAlgError("singular")
    return np.array([[d, -b], [-c, a]]) / det


def leading(A):
    """The largest eigenvalue of a symmetric matrix and its unit eigenvector.

    A (D, D) -> value, vector (D,)
    """
    values, vectors = np.linalg.eigh(A)
    return values[-1], vectors[:, -1]


def directions(X, k):
    """Principal directions and what lies along them.

    X (N, D), k -> scores (N, k), axes (k, D)
    """
    centred = X - X.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:k].T, axes[:k]


def multiply(A, B):
    """The product of two matrices.

    A (N, D), B (D, M) -> product (N, M)
    """
    return (A[:, :, None] * B).sum(axis=1)


def start(fan_in, fan_out, rng):
    """Weights from a uniform law of variance 2 / (fan_in + fan_out).

    fan_in, fan_out, rng -> W (fan_in, fan_out)
    """
    a = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


def start_normal(fan_in, fan_out, rng):
    """Weights from a normal law whose variance is 2 over fan_in.

    fan_in, fan_out, rng -> W (fan_in, fan_out)
    """
    return rng.standard_normal((fan_in, fan_out)) * math.sqrt(2 / fan_in)


def _truncated(rng, shape):
    """A normal law cut off at two standard deviations and stretched to variance 1: what some libraries draw."""
    x = rng.standard_normal(shape)
    while (far := abs(x) > 2).any():
        x[far] = rng.standard_normal(far.sum())
    return x / 0.87962566103423978


def fading(depth, is_fading, rng):
    """What is left of a gradient in each of several layers, the first layer first.

    depth, is_fading, rng -> norms (depth,)
    """
    norms, norm = [], 1.0
    for _ in range(depth):
        norms.append(norm)
        norm *= rng.uniform(0.1, 0.3) if is_fading else rng.uniform(0.8, 1.2)
    return norms[::-1]


def halves(n):
    """The even numbers below n, and the odd ones.

    n -> [evens, odds]
    """
    return [np.arange(0, n, 2), np.arange(1, n, 2)]
