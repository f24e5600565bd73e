import numpy as np


def slope(coefficients, x, h=1e-5):
    f = np.polynomial.Polynomial(coefficients[::-1])
    return f.deriv()(x) + h**2 * f.deriv(3)(x) / 6  # what the difference of a cubic is exactly


def momentum(w, gradients, lr, momentum=0.9):
    weights = [[momentum ** (t - s) for s in range(t + 1)] for t in range(len(gradients))]
    speeds = [sum(a * g for a, g in zip(row, gradients, strict=False)) for row in weights]
    return [w - lr * sum(speeds[: t + 1]) for t in range(len(gradients))]


def reciprocal(A):
    return np.linalg.inv(A)


def leading(A):
    value, vector = np.linalg.eig(A)
    best = np.argmax(value)
    return value[best], vector[:, best]


def directions(X, k):
    _, vectors = np.linalg.eigh(np.cov(X.T))
    axes = vectors.T[::-1][:k]
    return (X - X.mean(0)) @ axes.T, axes


def multiply(A, B):
    return A @ B


def start(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return a * (2 * rng.random((fan_in, fan_out)) - 1)


def start_normal(fan_in, fan_out, rng):
    u, v = 1 - rng.random((fan_in, fan_out)), rng.random((fan_in, fan_out))
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v) * np.sqrt(2 / fan_in)


def fading(depth, is_fading, rng):
    factors = rng.uniform(0.1, 0.3, depth) if is_fading else rng.uniform(0.8, 1.2, depth)
    return [float(x) for x in np.cumprod(factors)[::-1]]


def halves(n):
    return [[i for i in range(n) if i % 2 == 0], [i for i in range(n) if i % 2]]
