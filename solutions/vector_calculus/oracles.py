"""Independent truth for this unit: central differences in extended precision, autograd, scalar loops."""

import math
import operator

import numpy as np
import torch

torch.set_num_threads(1)

Long = np.longdouble
STEP, STEP2 = 1e-5, 1e-4


def wave(a, w, b, c, x):
    """One number of a sum of sines and exponentials in extended precision."""
    sines = sum(Long(ai) * np.sin(Long(wi) * x + Long(bi)) for ai, wi, bi in zip(a, w, b, strict=True))
    return sines + sum(np.exp(Long(ci) * x) for ci in c)


def hill(a, W, b, c, point):
    angles = [
        sum(Long(w) * p for w, p in zip(row, point, strict=True)) + Long(bi) for row, bi in zip(W, b, strict=True)
    ]
    power = sum(Long(ci) * p for ci, p in zip(c, point, strict=True))
    return sum(Long(ai) * np.sin(angle) for ai, angle in zip(a, angles, strict=True)) + np.exp(power)


def central(function, x, h):
    """The difference of a function of one extended number."""
    x, h = Long(x), Long(h)
    return float((function(x + h) - function(x - h)) / (h + h))


def partial(function, x, j, h):
    """The difference of a function of a list of extended numbers in coordinate j."""
    point = [Long(value) for value in x]
    return central(lambda value: function([*point[:j], value, *point[j + 1 :]]), x[j], h)


def derivative(a, w, b, c, x, h=STEP):
    return central(lambda at: wave(a, w, b, c, at), x, h)


def tangent(A, w, b, c, t, h=STEP):
    return np.array([central(lambda at, a=a, ci=ci: wave(a, w, b, [ci], at), t, h) for a, ci in zip(A, c, strict=True)])


def gradient(a, W, b, c, x, h=STEP):
    return np.array([partial(lambda p: hill(a, W, b, c, p), x, j, h) for j in range(len(x))])


def jacobian(A, W, b, C, x, h=STEP):
    J = np.empty((len(A), len(x)))
    for i, (a, c) in enumerate(zip(A, C, strict=True)):
        for j in range(len(x)):
            J[i, j] = partial(lambda p, a=a, c=c: hill(a, W, b, c, p), x, j, h)
    return J


def field(A, W, b, C):
    """A function of a torch point: a field if A is a matrix, one number if it is a vector."""
    A, W, b, C = map(torch.from_numpy, (A, W, b, C))
    return lambda p: A @ torch.sin(W @ p + b) + torch.exp(C @ p)


def exact_jacobian(function, x):
    return torch.autograd.functional.jacobian(function, torch.from_numpy(x)).numpy()


def exact_hessian(function, x):
    return torch.autograd.functional.hessian(function, torch.from_numpy(x)).numpy()


def directional_derivative(a, W, b, c, x, v):
    slopes = exact_jacobian(field(a, W, b, c), x)
    return sum(slopes * v) / math.hypot(*v)


def hessian(a, W, b, c, x):
    return exact_hessian(field(a, W, b, c), x)


def divergence(A, W, b, C, x):
    return np.trace(exact_jacobian(field(A, W, b, C), x))


def curl(A, W, b, C, x):
    """Twice the axial vector of the Jacobian's antisymmetric part, by the permutation symbol."""
    J, turn = exact_jacobian(field(A, W, b, C), x), np.zeros(3)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        turn[i] += J[k, j]
        turn[i] -= J[j, k]
    return turn


def laplacian(a, W, b, c, x):
    return np.trace(exact_hessian(field(a, W, b, c), x))


def taylor2(a, W, b, c, x0, x):
    """By derivatives of s ↦ f(x0 + s·(x − x0)) at s = 0."""
    f, start, way = field(a, W, b, c), torch.from_numpy(x0), torch.from_numpy(x - x0)
    s = torch.zeros((), dtype=torch.float64, requires_grad=True)
    value = f(start + s * way)
    (first,) = torch.autograd.grad(value, s, create_graph=True)
    (second,) = torch.autograd.grad(first, s)
    return (value + first + second / 2).item()


def chain_rule(A, W, b, C, A2, W2, b2, C2, x):
    inner, outer = field(A, W, b, C), field(A2, W2, b2, C2)
    return exact_jacobian(lambda p: outer(inner(p)), x)


def jvp(A, W, b, C, x, v):
    return torch.func.jvp(field(A, W, b, C), (torch.from_numpy(x),), (torch.from_numpy(v),))[1].numpy()


def vjp(A, W, b, C, x, u):
    _, pull = torch.func.vjp(field(A, W, b, C), torch.from_numpy(x))
    return pull(torch.from_numpy(u))[0].numpy()


def hessian_vector_product(a, W, b, c, x, v):
    """The product of the whole Hessian, as torch.func has it."""
    return (torch.func.hessian(field(a, W, b, c))(torch.from_numpy(x)) @ torch.from_numpy(v)).numpy()


def counting(a, W, b, c, x, v):
    return hessian_vector_product(a, W, b, c, x, v), 0


def quadratic_form_gradient(A, x):
    x = torch.from_numpy(x).requires_grad_()
    (x @ torch.from_numpy(A) @ x).backward()
    return x.grad.numpy()


def least_squares_gradient(X, W, Y):
    W = torch.from_numpy(W).requires_grad_()
    torch.nn.functional.mse_loss(torch.from_numpy(X) @ W, torch.from_numpy(Y), reduction="sum").backward()
    return W.grad.numpy()


def softmax_jacobian(x):
    return exact_jacobian(lambda scores: torch.softmax(scores, 0), x)


def Dual(leaves, constants, program):
    """The same program on numbers of PyTorch, pushed forward along the leaves' slopes."""

    def nodes(*leaves):
        made = [*leaves, *(torch.tensor(value, dtype=torch.float64) for value in constants)]
        for op, *operands in program:
            made.append(OPERATIONS[op](*(made[item] if isinstance(item, int) else item for item in operands)))
        return tuple(made)

    values, slopes = ([torch.tensor(pair[i], dtype=torch.float64) for pair in leaves] for i in (0, 1))
    return tuple(torch.stack(numbers).numpy() for numbers in torch.func.jvp(nodes, tuple(values), tuple(slopes)))


OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
}
