"""Independent truth for this unit: PyTorch in float64, SciPy for distributions. Read by `grade dev check` alone."""

import numpy as np
import torch
from scipy import special, stats
from torch.nn import functional as F

torch.set_num_threads(1)


def sigmoid(x):
    return torch.sigmoid(torch.from_numpy(x)).numpy()


def tanh(x):
    return torch.tanh(torch.from_numpy(x)).numpy()


def relu(x):
    return F.relu(torch.from_numpy(x)).numpy()


def gelu(x):
    return F.gelu(torch.from_numpy(x), approximate="none").numpy()


def leaky_relu(x, slope=0.01):
    return F.leaky_relu(torch.from_numpy(x), slope).numpy()


def softmax(x):
    return F.softmax(torch.from_numpy(x), -1).numpy()


def log_softmax(x):
    return F.log_softmax(torch.from_numpy(x), -1).numpy()


def linear(x, W, b):
    return F.linear(torch.from_numpy(x), torch.from_numpy(W).T, torch.from_numpy(b)).numpy()


def mean_squared_error(prediction, target):
    return F.mse_loss(torch.from_numpy(prediction), torch.from_numpy(target)).numpy()


def binary_cross_entropy_with_logits(logits, target):
    return F.binary_cross_entropy_with_logits(torch.from_numpy(logits), torch.from_numpy(target)).numpy()


def softmax_cross_entropy(logits, labels):
    return F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels.astype(np.int64))).numpy()


def one_hot(labels, num_classes):
    return F.one_hot(torch.from_numpy(labels.astype(np.int64)), num_classes).double().numpy()


def mlp(x, params):
    layers = []
    for W, b in params:
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        layer.load_state_dict({"weight": torch.from_numpy(W.T.copy()), "bias": torch.from_numpy(b)})
        layers += [layer, torch.nn.ReLU()]
    with torch.no_grad():
        return torch.nn.Sequential(*layers[:-1])(torch.from_numpy(x)).numpy()


def message_passing(x, edges, W):
    """A dense table of how many edges lead from each node to each other."""
    count = np.zeros((len(x), len(x)))
    for sender, receiver in edges.tolist():
        count[receiver, sender] += 1
    return count @ x @ W


def gcn_layer(x, adjacency, W, b):
    """The product as it is written, with matrices of PyTorch; a bias for every node."""
    A, x, W, b = (torch.from_numpy(a) for a in (adjacency, x, W, b))
    A = A + torch.eye(len(A), dtype=A.dtype)
    root = torch.linalg.inv(torch.diag(A.sum(0)).sqrt())
    return (torch.linalg.multi_dot([root, A, root, x, W]) + b).numpy()


def xavier_uniform(fan_in, fan_out, rng):
    bound = (6 / (fan_in + fan_out)) ** 0.5
    return stats.uniform(-bound, 2 * bound).rvs((fan_in, fan_out), random_state=rng)


def he_normal(fan_in, fan_out, rng):
    return special.ndtri(rng.random((fan_in, fan_out))) * (2 / fan_in) ** 0.5


def vanishing_gradient(depth, width, activation, rng, networks=1):
    if networks > 1:
        squares = sum(np.square(vanishing_gradient(depth, width, activation, rng)) for _ in range(networks))
        return np.sqrt(squares / networks).tolist()
    h, before = torch.from_numpy(rng.standard_normal(width)), []
    for _ in range(depth):
        W = torch.from_numpy(rng.standard_normal((width, width)) / width**0.5)
        before.append((h @ W).requires_grad_())
        h = getattr(torch, activation)(before[-1])
    return [gradient.norm().item() for gradient in torch.autograd.grad(h.sum(), before)]
