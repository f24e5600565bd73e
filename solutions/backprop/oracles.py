"""Independent truth for this unit: PyTorch's autograd in float64, and graphlib. Read by `grade dev check` alone."""

import math
from graphlib import TopologicalSorter

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def gradients(forward, dout, *inputs):
    """What autograd says of `forward`, a torch function, in each of its inputs."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in inputs]
    return tuple(g.numpy() for g in torch.autograd.grad(forward(*leaves), leaves, torch.from_numpy(dout)))


def sigmoid_backward(dout, x):
    return gradients(torch.sigmoid, dout, x)[0]


def tanh_backward(dout, x):
    return gradients(torch.tanh, dout, x)[0]


def relu_backward(dout, x):
    return gradients(torch.relu, dout, x)[0]


def gelu_backward(dout, x):
    return gradients(lambda x: F.gelu(x, approximate="none"), dout, x)[0]


def linear_backward(dout, x, W, b):
    return gradients(lambda x, W, b: F.linear(x, W.T, b), dout, x, W, b)


def mean_squared_error_backward(prediction, target):
    return gradients(lambda p: F.mse_loss(p, torch.from_numpy(target)), np.array(1.0), prediction)[0]


def softmax_backward(dout, x):
    return gradients(lambda x: torch.softmax(x, dim=-1), dout, x)[0]


def softmax_cross_entropy_backward(logits, labels):
    return gradients(lambda z: F.cross_entropy(z, torch.from_numpy(labels)), np.array(1.0), logits)[0]


def mlp_loss_and_gradients(x, labels, params):
    layers = [tuple(torch.from_numpy(a).requires_grad_() for a in layer) for layer in params]
    h = torch.from_numpy(x)
    for number, (W, b) in enumerate(layers):
        h = F.linear(torch.relu(h) if number else h, W.T, b)
    loss = F.cross_entropy(h, torch.from_numpy(labels))
    loss.backward()
    return loss.item(), [(W.grad.numpy(), b.grad.numpy()) for W, b in layers]


def topological_order(graph, root):
    """Each node's list is its parents' lists end to end and itself, first mentions only: what depth first gives."""
    lists = {}
    for node in TopologicalSorter(graph).static_order():
        lists[node] = list(dict.fromkeys([*(item for parent in graph[node] for item in lists[parent]), node]))
    return lists[root]


def Value(leaves, program, backward):
    """The same program on scalars of PyTorch."""
    nodes = [torch.tensor(float(leaf), dtype=torch.float64, requires_grad=True) for leaf in leaves]
    first = list(nodes)
    for op, *operands in program:
        given = [nodes[item] if isinstance(item, int) else item for item in operands]
        nodes.append(OPERATIONS[op](*given))
    if not backward:
        return [node.item() for node in nodes]
    nodes[-1].backward()
    return [0.0 if leaf.grad is None else leaf.grad.item() for leaf in first]


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
}


def saliency(W1, b1, W2, b2, x, labels):
    """Autograd, one example and its one logit at a time."""
    W1, b1, W2, b2 = map(torch.from_numpy, (W1, b1, W2, b2))
    maps = []
    for example, label in zip(x, labels, strict=True):
        leaf = torch.tensor(example, requires_grad=True)
        F.linear(torch.tanh(F.linear(leaf.flatten(), W1.T, b1)), W2.T, b2)[label].backward()
        maps.append(leaf.grad.abs().numpy())
    return np.stack(maps)


def integrated_gradients(a, W, b, c, x, baseline, steps):
    """By the slopes of the value in how far each number has come, from autograd; added up without rounding."""
    a, W, b, c, x, baseline = map(torch.from_numpy, (a, W, b, c, x, baseline))
    parts = []
    for i in range(steps):
        shares = torch.full_like(x, (2 * i + 1) / (2 * steps), requires_grad=True)
        point = torch.lerp(baseline, x, shares)
        (a @ torch.sin(W @ point + b) + torch.exp(c @ point)).backward()
        parts.append(shares.grad.tolist())
    return np.array([math.fsum(column) / steps for column in zip(*parts, strict=True)])


def _ascent(a, W, b, at):
    """The signs of autograd's gradient, as a list."""
    point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (torch.from_numpy(a) @ torch.sin(torch.from_numpy(W) @ point + torch.from_numpy(b))).backward()
    return [math.copysign(1.0, slope) for slope in point.grad.tolist()]


def fgsm(a, W, b, x, epsilon, low=0.0, high=1.0):
    return pgd(a, W, b, x, epsilon, epsilon, 1, low, high)


def pgd(a, W, b, x, epsilon, alpha, steps, low=0.0, high=1.0):
    """Number by number, between the higher of the lower bounds and the lower of the upper ones."""
    given = x.ravel().tolist()
    at = given
    for _ in range(steps):
        moved = [number + alpha * sign for number, sign in zip(at, _ascent(a, W, b, at), strict=True)]
        at = [
            min(max(number, low, start - epsilon), high, start + epsilon)
            for number, start in zip(moved, given, strict=True)
        ]
    return np.array(at).reshape(x.shape)
