"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from dataclasses import dataclass

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


def jvp__the_whole_jacobian(F, x, v, h=1e-5):
    return jacobian__row_by_row(F, x, h) @ v


def jvp__a_step_of_length_h(F, x, v, h=1e-5):
    length = np.sqrt(v @ v)
    u = v / length
    return length * (F(x + h * u) - F(x - h * u)) / (2 * h)


def jvp__four_points(F, x, v, h=1e-5):
    """The next order of central differences: the error of the longer step takes that of the shorter one off."""
    near = (F(x + h * v) - F(x - h * v)) / (2 * h)
    far = (F(x + 2 * h * v) - F(x - 2 * h * v)) / (4 * h)
    return (4 * near - far) / 3


def vjp__the_whole_jacobian(F, x, u, h=1e-5):
    return jacobian__row_by_row(F, x, h).T @ u


def vjp__row_by_row(F, x, u, h=1e-5):
    return sum(weight * row for weight, row in zip(u, jacobian__row_by_row(F, x, h), strict=True))


def hessian_vector_product__gradient_of_the_slope(f, x, v, h=1e-4):
    return gradient__in_place(lambda p: (f(p + h * v) - f(p - h * v)) / (2 * h), x, h)


def hessian_vector_product__a_step_of_length_h(f, x, v, h=1e-4):
    """The inner difference keeps its own default step."""
    length = np.linalg.norm(v)
    ahead, behind = (gradient__in_place(f, x + side * h * v / length) for side in (1, -1))
    return (ahead - behind) * length / (2 * h)


def hessian_vector_product__four_points(f, x, v, h=1e-4):
    """Of the next order along v: eight calls for each coordinate."""

    def slope(step):
        return (gradient__in_place(f, x + step * v, h) - gradient__in_place(f, x - step * v, h)) / (2 * step)

    return (4 * slope(h) - slope(2 * h)) / 3


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


class Dual__as_a_matrix:
    """A number a with slope b behaves as the matrix with a on its diagonal and b above it: products are the product rule."""

    def __init__(self, value, slope=0.0):
        self.matrix = np.array([[value, slope], [0.0, value]], dtype=float)

    @property
    def value(self):
        return self.matrix[0, 0]

    @property
    def slope(self):
        return self.matrix[0, 1]

    @classmethod
    def _of(cls, matrix):
        return cls(matrix[0, 0], matrix[0, 1])

    @staticmethod
    def _matrix(other):
        return other.matrix if isinstance(other, Dual__as_a_matrix) else other * np.eye(2)

    def _apply(self, value, slope):
        return type(self)(value, slope * self.slope)

    def __add__(self, other):
        return self._of(self.matrix + self._matrix(other))

    def __neg__(self):
        return self._of(-self.matrix)

    def __sub__(self, other):
        return self._of(self.matrix - self._matrix(other))

    def __rsub__(self, other):
        return self._of(self._matrix(other) - self.matrix)

    def __mul__(self, other):
        return self._of(self.matrix @ self._matrix(other))

    def __truediv__(self, other):
        return self._of(self.matrix @ np.linalg.inv(self._matrix(other)))

    def __rtruediv__(self, other):
        return self._of(self._matrix(other) @ np.linalg.inv(self.matrix))

    def __pow__(self, n):
        return self._apply(self.value**n, n * self.value ** (n - 1))

    def relu(self):
        return self._of(self.matrix * (self.value > 0))

    def tanh(self):
        return self._apply(np.tanh(self.value), 1 / np.cosh(self.value) ** 2)

    def exp(self):
        return self._apply(np.exp(self.value), np.exp(self.value))

    def log(self):
        return self._apply(np.log(self.value), 1 / self.value)

    __radd__, __rmul__ = __add__, __mul__


@dataclass(frozen=True)
class Dual__frozen:
    """A frozen record: what is given cannot change. A relu that passes its number on hands the number itself on."""

    value: float
    slope: float = 0.0

    def _with(self, other, by):
        return by(self, other if isinstance(other, Dual__frozen) else Dual__frozen(float(other)))

    def __add__(self, other):
        return self._with(other, lambda a, b: Dual__frozen(a.value + b.value, a.slope + b.slope))

    def __mul__(self, other):
        return self._with(other, lambda a, b: Dual__frozen(a.value * b.value, a.slope * b.value + b.slope * a.value))

    def __pow__(self, n):
        return Dual__frozen(self.value**n, self.slope * n * self.value**n / self.value)

    def __neg__(self):
        return -1 * self

    def __sub__(self, other):
        return self + -1 * other

    def __rsub__(self, other):
        return -1 * self + other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return other * self**-1

    __radd__, __rmul__ = __add__, __mul__

    def relu(self):
        return self if self.value > 0 else Dual__frozen(0)

    def tanh(self):
        e = (2 * self).exp()
        return (e - 1) / (e + 1)

    def exp(self):
        return Dual__frozen(math.exp(self.value), self.slope * math.exp(self.value))

    def log(self):
        return Dual__frozen(math.log(self.value), self.slope / self.value)
