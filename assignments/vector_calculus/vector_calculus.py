"""Vector calculus: derivatives of functions of vectors.

`f` takes a point, an array (D,), and returns one number; `F` takes a point and returns an array (M,). Both are smooth
functions, and take one point per call. Their derivatives are found by central differences: a step h to either side leaves
an error of order h², a step to one side alone leaves an error of order h. The last exercise is a number that finds exact
derivatives itself.
"""

import math

import numpy as np


def derivative(f, x, h=1e-5):
    """The derivative of a function of one number, as a central difference.

    f, x, h -> slope

    The two points are x + h and x − h. Use the h that is given, even if it is coarse.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def tangent(F, t, h=1e-5):
    """The velocity at which a curve F(t) moves, as a central difference.

    F, t, h -> velocity (M,)

    F takes one number and returns an array (M,). The two points are t + h and t − h, however coarse h is.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gradient(f, x, h=1e-5):
    """The partial derivatives of f, each as a central difference in one coordinate.

    f, x (D,), h -> gradient (D,)

    Use the h that is given, even if it is coarse. Do not change x.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def directional_derivative(f, x, v, h=1e-5):
    """How fast f changes at x in the direction of v, per unit of length.

    f, x (D,), v (D,), h -> slope

    Only the direction of v counts: 2·v gives the same answer. v is not zero.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def jacobian(F, x, h=1e-5):
    """The partial derivatives of every entry of F in every coordinate, as central differences.

    F, x (D,), h -> J (M, D)

    J[i, j] says how entry i of F changes with coordinate j of x. Use the h that is given, even if it is coarse.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def hessian(f, x, h=1e-4):
    """The second partial derivatives of f, pure and mixed.

    f, x (D,), h -> H (D, D)

    H[i, j] is the derivative of ∂f/∂xᵢ in xⱼ, exact but for the small error of a central difference with step h. It is
    symmetric.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def divergence(F, x, h=1e-5):
    """How much more of a field flows out of a point than into it.

    F, x (D,), h -> divergence

    F takes (D,) to (D,). The divergence adds up how each entry of F changes along the coordinate of the same index.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def curl(F, x, h=1e-5):
    """How a field in space turns around a point.

    F, x (3,), h -> curl (3,)

    F takes (3,) to (3,). The first entry is ∂F₃/∂x₂ − ∂F₂/∂x₃, and the others follow as 1 → 2 → 3 → 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def laplacian(f, x, h=1e-4):
    """The sum of the pure second derivatives of f.

    f, x (D,), h -> laplacian

    It is the divergence of the gradient, exact but for the small error of central differences with step h.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def taylor2(f, x0, x, h=1e-4):
    """The second-order Taylor estimate of f(x) about x0.

    f, x0 (D,), x (D,), h -> estimate

    It uses f, its gradient and its Hessian at x0 alone; f is not evaluated at x.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def chain_rule(F, G, x, h=1e-5):
    """The Jacobian at x of G after F, G(F(x)), as a product of two Jacobians.

    F, G, x (D,), h -> J (P, D)

    F takes (D,) to (M,), and G takes (M,) to (P,).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def jvp(F, x, v, h=1e-5):
    """The Jacobian of F at x times a vector v: how F changes when x moves by v.

    F, x (D,), v (D,), h -> product (M,)

    J·v, exact but for the small error of a central difference. v counts as it is: 2·v gives twice the answer. Its length
    lies between 0.1 and 10.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def vjp(F, x, u, h=1e-5):
    """The transposed Jacobian of F at x times a vector u: the gradient in x of the one number u · F(x).

    F, x (D,), u (M,), h -> product (D,)

    Jᵀ·u, exact but for the small error of a central difference. u counts as it is: 2·u gives twice the answer. Its length
    lies between 0.1 and 10.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def hessian_vector_product(f, x, v, h=1e-4):
    """The Hessian of f at x times a vector v: how the gradient changes when x moves by v.

    f, x (D,), v (D,), h -> product (D,)

    H·v, exact but for the small error of central differences, with at most 8·D + 8 calls of f, one point a call: the D·D
    entries of H are too many. v counts as it is: 2·v gives twice the answer. Its length lies between 0.1 and 10.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def quadratic_form_gradient(A, x):
    """The gradient in x of the quadratic form x·A·x.

    A (D, D), x (D,) -> gradient (D,)

    A is not symmetric.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def least_squares_gradient(X, W, Y):
    """The gradient in W of the sum of squared errors ‖XW − Y‖², added up over all examples and outputs.

    X (N, D), W (D, M), Y (N, M) -> dW (D, M)

    The norm is Frobenius'; nothing is averaged.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def softmax_jacobian(x):
    """The Jacobian of the softmax of a vector.

    x (K,) -> J (K, K)

    J[i, j] says how probability i changes with score j. Scores may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


class Dual:
    """A number that carries its derivative with it, through every formula that it enters.

    `.value` is the number, `.slope` its derivative with respect to whatever is asked about: Dual(3.0, 1.0) is a variable
    at 3, Dual(3.0) a constant. The other operand of an operator is a Dual or a plain number, which has slope 0. Each
    operation returns a new Dual, and leaves the given ones as they were.
    """

    def __init__(self, value, slope=0.0):
        """A number and how it changes; both are numbers."""
        # YOUR CODE HERE
        raise NotImplementedError

    def __add__(self, other):
        """self + other"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __radd__(self, other):
        """other + self, where other is a number"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __neg__(self):
        """-self"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __sub__(self, other):
        """self - other"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __rsub__(self, other):
        """other - self, where other is a number"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __mul__(self, other):
        """self * other"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __rmul__(self, other):
        """other * self, where other is a number"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __truediv__(self, other):
        """self / other"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __rtruediv__(self, other):
        """other / self, where other is a number"""
        # YOUR CODE HERE
        raise NotImplementedError

    def __pow__(self, exponent):
        """self ** exponent, where exponent is a number"""
        # YOUR CODE HERE
        raise NotImplementedError

    def relu(self):
        """self where it is positive, else 0; it is never exactly 0"""
        # YOUR CODE HERE
        raise NotImplementedError

    def tanh(self):
        """The hyperbolic tangent."""
        # YOUR CODE HERE
        raise NotImplementedError

    def exp(self):
        """e to the power of self"""
        # YOUR CODE HERE
        raise NotImplementedError

    def log(self):
        """The natural logarithm of self, which is positive."""
        # YOUR CODE HERE
        raise NotImplementedError
