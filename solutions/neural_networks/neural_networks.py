"""Neural networks: layers, activations, losses, initialisation.

A network is a chain of simple functions: linear layers, and between them nonlinear activations, without which the whole
chain would be one linear map. A loss compares the output with the targets in one number. Examples are rows; classes are
on the last axis.
"""

import math

import numpy as np


def erf(x):
    """The error function, entry by entry: NumPy has none."""
    return np.vectorize(math.erf, otypes=[float])(x)


def sigmoid(x):
    """The logistic sigmoid, σ(x) = 1 / (1 + exp(−x)), entry by entry.

    x (...) -> out (...)

    Entries may be as far out as ±1000, where exp is inf or 0.
    """
    e = np.exp(-np.abs(x))  # at most 1, whatever the sign of x
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def tanh(x):
    """The hyperbolic tangent, (exp(x) − exp(−x)) / (exp(x) + exp(−x)), entry by entry.

    x (...) -> out (...)

    Entries may be as far out as ±1000, where exp is inf or 0. NumPy's own function is allowed.
    """
    return np.tanh(x)


def relu(x):
    """The rectified linear unit, max(0, x), entry by entry.

    x (...) -> out (...)
    """
    return np.maximum(x, 0.0)


def gelu(x):
    """The Gaussian error linear unit, x·Φ(x), entry by entry.

    x (...) -> out (...)

    Φ(x) = (1 + erf(x / √2)) / 2 is the distribution function of the standard normal: the exact gelu, not the tanh
    formula that approximates it. `erf` is given above. Entries may be as far out as ±1000.
    """
    below = (1.0 + erf(x / np.sqrt(2.0))) / 2.0
    return x * below


def leaky_relu(x, slope=0.01):
    """A relu with a small slope for negative entries: x where x > 0, slope·x elsewhere.

    x (...), slope -> out (...)

    0 ≤ slope < 1.
    """
    return np.where(x > 0, x, slope * x)


def softmax(x):
    """Turn logits into probabilities, along the last axis.

    x (..., K) -> p (..., K)

    p_k = exp(x_k) / Σ_j exp(x_j). x is (K,), (N, K) or (N, T, K). Its entries may be as far out as ±1000.
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x):
    """Logarithm of the softmax along the last axis.

    x (..., K) -> log_p (..., K)

    log_p_k = x_k − log Σ_j exp(x_j). x is (K,), (N, K) or (N, T, K). Its entries may be as far out as ±1000, and the
    result is finite even where the probability itself is too small for a float.
    """
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def linear(x, W, b):
    """A linear layer: every output is a weighted sum of all inputs, and a bias.

    x (N, D), W (D, M), b (M,) -> out (N, M)

    out[n, m] = Σ_d x[n, d]·W[d, m] + b[m].
    """
    return x @ W + b


def mean_squared_error(prediction, target):
    """Mean of the squared differences, over every element.

    prediction (...), target (...) -> loss

    Both have the same shape, which may have any number of axes. The mean is not halved.
    """
    return ((prediction - target) ** 2).mean()


def binary_cross_entropy_with_logits(logits, target):
    """Mean binary cross-entropy of sigmoid(logits), over every element.

    logits (...), target (...) -> loss

    An element costs −t·log σ(z) − (1 − t)·log(1 − σ(z)), with z its logit and t its target from 0 to 1: 0 and 1 are
    labels, anything between is a probability. Logits may be as far out as ±1000, where the loss is finite, too.
    """
    softplus = np.maximum(logits, 0.0) + np.log1p(np.exp(-np.abs(logits)))  # log(1 + exp(z)), and no large exp
    return (softplus - target * logits).mean()


def softmax_cross_entropy(logits, labels):
    """Mean cross-entropy of softmax(logits) and integer labels.

    logits (N, K), labels (N,) -> loss

    The mean over the N examples of −log softmax(logits)[n, labels[n]]. Labels are integers from 0 to K−1. Logits may be
    as far out as ±1000, where the loss is finite, too.
    """
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(labels)), labels].mean()


def one_hot(labels, num_classes):
    """One-hot encoding: each label as a row of zeros with a single 1.

    labels (N,), num_classes -> out (N, K)

    out[n, k] is 1.0 where k = labels[n] and 0.0 elsewhere, as float64, with K = num_classes. Labels are integers from 0
    to K−1; some classes may have no example.
    """
    out = np.zeros((len(labels), num_classes))
    out[np.arange(len(labels)), labels] = 1.0
    return out


def mlp(x, params):
    """A multi-layer perceptron: linear layers with a relu between them.

    x (N, D), params [(W, b), ...] -> out (N, M)

    `params` holds a (W, b) for each layer, first layer first, and at least one; a layer computes h @ W + b. There is a
    relu between layers and none after the last.
    """
    *hidden, last = params
    for W, b in hidden:
        x = relu(linear(x, W, b))
    W, b = last
    return linear(x, W, b)


def message_passing(x, edges, W):
    """One round of messages on a graph: every node adds up what its incoming edges bring.

    x (V, D), edges (E, 2), W (D, M) -> out (V, M)

    A row (i, j) of edges leads from node i to node j, and not back; out[j] is the sum of x[i] @ W over all rows (i, j). Every
    row counts, also one that comes twice, and one from a node to itself. Where no edge comes in, out[j] is 0. There is no
    activation. Nodes are integers from 0 to V−1.
    """
    out = np.zeros((len(x), W.shape[1]))
    np.add.at(out, edges[:, 1], (x @ W)[edges[:, 0]])
    return out


def gcn_layer(x, adjacency, W, b):
    """A graph convolution: every node takes a mean of its own features and its neighbours', and a linear layer follows.

    x (V, D), adjacency (V, V), W (D, M), b (M,) -> out (V, M)

    D^(−½)·(A + I)·D^(−½)·x·W + b, where A is the adjacency and D holds the degrees of A + I, the sums of its rows. A is
    symmetric and of floats 0 and 1, with zeros on its diagonal; a node may have no neighbour. There is no activation.
    """
    linked = adjacency + np.eye(len(adjacency))
    degrees = linked.sum(axis=1)
    shares = linked / np.sqrt(degrees[:, None] * degrees)
    return linear(shares @ x, W, b)


def xavier_uniform(fan_in, fan_out, rng):
    """Xavier initialisation: uniform weights that keep the size of signals and gradients about the same.

    fan_in, fan_out, rng -> W (fan_in, fan_out)

    Every entry is drawn independently from the uniform distribution between −a and a, with a = √(6 / (fan_in + fan_out)):
    its variance is 2 / (fan_in + fan_out). rng is a NumPy Generator; draw all random numbers from it, in any order.
    """
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def he_normal(fan_in, fan_out, rng):
    """He initialisation: normal weights for layers that are followed by a relu.

    fan_in, fan_out, rng -> W (fan_in, fan_out)

    Every entry is drawn independently from the normal distribution of mean 0 and variance 2 / fan_in, which is not
    truncated. rng is a NumPy Generator; draw all random numbers from it, in any order.
    """
    std = np.sqrt(2.0 / fan_in)
    return rng.normal(0.0, std, (fan_in, fan_out))


def _activation(name):
    """A function, and its slope as a function of its own output."""
    return {
        "sigmoid": (sigmoid, lambda h: h * (1.0 - h)),
        "tanh": (tanh, lambda h: 1.0 - h**2),
        "relu": (relu, lambda h: np.where(h > 0, 1.0, 0.0)),
    }[name]


def vanishing_gradient(depth, width, activation, rng):
    """How large the gradient is at each layer of a deep, untrained network.

    depth, width, activation, rng -> norms (depth,)

    Build `depth` linear layers, each from `width` units to `width` units, without biases, and each followed by the
    activation: "sigmoid", "tanh" or "relu". Send one standard normal input through, and take the sum of the last layer's
    activations as the loss. norms[l] is the Euclidean norm of the gradient of this loss with respect to the output of
    layer l before its activation; the list starts with the first layer. Draw the weights with xavier_uniform or with
    he_normal. Draw the input and the weights from rng, a NumPy Generator, in any order: no particular numbers are expected.
    """
    bend, slope = _activation(activation)
    h = rng.standard_normal(width)
    weights, slopes = [], []
    for _ in range(depth):
        weights.append(he_normal(width, width, rng))
        h = bend(h @ weights[-1])
        slopes.append(slope(h))
    norms = []
    dh = np.ones(width)  # the sum's gradient
    for W, local in zip(reversed(weights), reversed(slopes), strict=True):
        dz = dh * local
        norms.append(float(np.linalg.norm(dz)))
        dh = dz @ W.T
    return norms[::-1]
