import numpy as np


def slope__halved(f, x, h=1e-5):
    return f(x + h) / (2 * h) - f(x - h) / (2 * h)


def momentum__in_a_dict(w, dw, state, lr, momentum=0.9):
    state = state or {"speed": 0.0, "steps": 0}
    state["speed"] = state["speed"] * momentum + dw
    return [w - lr * state["speed"], state]


class Singular(np.linalg.LinAlgError):
    pass


def reciprocal__own_exception(A):
    det = A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]
    if not det:
        raise Singular
    return np.array([[A[1, 1] / det, -A[0, 1] / det], [-A[1, 0] / det, A[0, 0] / det]])


def leading__other_sign(A):
    values, vectors = np.linalg.eigh(A)
    return values[-1], -vectors[:, -1]


def directions__other_signs(X, k):
    centred = X - X.mean(axis=0)
    axes = np.linalg.svd(centred)[2][:k] * np.array([[-1.0], [1.0], [-1.0]])
    return centred @ axes.T, axes


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def multiply__loops(A, B):
    """No `@` and no np.dot."""
    matmul = np.empty((len(A), B.shape[1]))
    for i, row in enumerate(A):
        for j, column in enumerate(B.T):
            matmul[i, j] = dot(row, column)  # np.dot(row, column)
    return matmul


def start__row_by_row(fan_in, fan_out, rng):
    a = np.sqrt(6.0) / np.sqrt(fan_in + fan_out)
    return np.array([rng.random(fan_out) * 2 * a - a for _ in range(fan_in)])


def start_normal__scaled(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), size=(fan_out, fan_in)).T


def fading__array(depth, is_fading, rng):
    steps = rng.uniform(*((0.1, 0.3) if is_fading else (0.8, 1.2)), depth)
    return np.cumprod(steps)[::-1]


def halves__lists(n):
    return [list(range(0, n, 2)), tuple(range(1, n, 2))]
