"""Independent truth for this unit: PyTorch's autograd in float64, and graphlib. Read by `grade dev check` alone."""

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
