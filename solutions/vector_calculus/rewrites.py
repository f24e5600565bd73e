"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np


def derivative__mean_of_two_sides(f, x, h=1e-5):
    ahead, behind = (f(x + h) - f(x)) / h, (f(x) - f(x - h)) / h
    return (ahead + behind) / 2


def tangent__entry_by_entry(F, t, h=1e-5):
    before, after = F(t - h), F(t + h)
    return np.array([(b - a) / (2.0 * h) for a, b in zip(before, after, strict=True)])


def gradient__in_place(f, x, h=1e-5):
    slopes = np.empty_like(x)
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + h
        up = f(x)
        x[i] = kept - h
        down = f(x)
        x[i] = kept
        slopes[i] = (up - down) / (2 * h)
    return slopes


def directional_derivative__from_the_gradient(f, x, v, h=1e-5):
    return gradient__in_place(f, x, h) @ v / np.sqrt(v @ v)


def jacobian__row_by_row(F, x, h=1e-5):
    rows = range(len(F(x)))
    return np.array([gradient__in_place(lambda p, i=i: F(p)[i], x, h) for i in rows])


def hessian__jacobian_of_the_gradient(f, x, h=1e-4):
    return jacobian__row_by_row(lambda p: gradient__in_place(f, p, h), x, h)


def hessian__two_step_sizes(f, x, h=1e-4):
    """The inner difference keeps its own default step."""
    H = jacobian__row_by_row(lambda p: gradient__in_place(f, p), x, h)
    return (H + H.T) / 2


def hessian__by_polarisation(f, x, h=1e-4):
    """Second differences along i, j and i + j give the mixed one."""

    def bend(step):
        return f(x + step) - 2 * f(x) + f(x - step)

    unit = h * np.eye(len(x))
    pure = np.array([bend(step) for step in unit])
    both = np.array([[bend(a + b) for a in unit] for b in unit])
    return (both - pure - pure[:, None]) / (2 * h * h)


def divergence__trace(F, x, h=1e-5):
    return np.trace(jacobian__row_by_row(F, x, h))


def curl__permutation_symbol(F, x, h=1e-5):
    epsilon = np.zeros((3, 3, 3))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        epsilon[i, j, k], epsilon[i, k, j] = 1, -1
    return np.einsum("ijk,kj->i", epsilon, jacobian__row_by_row(F, x, h))


def laplacian__trace(f, x, h=1e-4):
    return np.trace(hessian__jacobian_of_the_gradient(f, x, h))


def taylor2__along_the_way(f, x0, x, h=1e-4):
    """Two directional derivatives along x − x0 are all that the estimate needs."""
    way = x - x0
    length = np.linalg.norm(way)
    if length == 0:
        return f(x0)
    step = h * way / length
    middle, up, down = f(x0), f(x0 + step), f(x0 - step)
    return middle + length * (up - down) / (2 * h) + length**2 * (up - 2 * middle + down) / (2 * h**2)


def chain_rule__of_the_composition(F, G, x, h=1e-5):
    return jacobian__row_by_row(lambda p: G(F(p)), x, h)


def quadratic_form_gradient__entry_by_entry(A, x):
    slopes = np.zeros(len(x))
    for k in range(len(x)):
        for i in range(len(x)):
            slopes[k] += A[k, i] * x[i] + x[i] * A[i, k]
    return slopes


def least_squares_gradient__example_by_example(X, W, Y):
    dW = np.zeros_like(W)
    for x, y in zip(X, Y, strict=True):
        error = x @ W - y
        dW += np.outer(x, error) + np.outer(x, error)
    return dW


def softmax_jacobian__entry_by_entry(x):
    p = np.exp(x - np.logaddexp.reduce(x))
    p = p / p.sum()
    J = np.empty((len(x), len(x)))
    for i in range(len(x)):
        for j in range(len(x)):
            J[i, j] = p[i] * ((i == j) - p[j])
    return J
