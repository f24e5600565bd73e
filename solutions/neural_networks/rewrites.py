"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from functools import reduce
from statistics import NormalDist

import numpy as np

CDF = np.frompyfunc(NormalDist().cdf, 1, 1)


def sigmoid__plain_formula(x):
    # exp may overflow to inf here, and 1 / inf is the right answer, 0
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def sigmoid__by_tanh(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


def sigmoid__masked_halves(x):
    out = np.empty_like(x)
    right = x >= 0
    out[right] = 1 / (1 + np.exp(-x[right]))
    e = np.exp(x[~right])
    out[~right] = e / (1 + e)
    return out


def tanh__by_decaying_exponential(x):
    e = np.exp(-2 * np.abs(x))
    return np.sign(x) * (1 - e) / (1 + e)


def tanh__loops(x):
    return np.array([math.tanh(value) for value in x.flat]).reshape(x.shape)


def tanh__by_sigmoid(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


def relu__where(x):
    return np.where(x < 0, 0, x)


def relu__multiplied_mask(x):
    return x * (x > 0)


def relu__half_of_the_absolute_value(x):
    return (x + abs(x)) / 2


def relu__copy_and_clear(x):
    out = x.copy()
    out[out < 0] = 0
    return out


def gelu__normal_distribution(x):
    return x * CDF(x).astype(float)


def gelu__complementary_error(x):
    out = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        out[index] = x[index] * math.erfc(-x[index] / math.sqrt(2)) / 2
    return out


def leaky_relu__maximum(x, slope=0.01):
    return np.maximum(x, slope * x)


def leaky_relu__two_parts(x, slope=0.01):
    return np.maximum(0, x) + slope * np.minimum(0, x)


def leaky_relu__scaled_copy(x, slope=0.01):
    out = np.array(x)
    out[x < 0] *= slope
    return out


def softmax__loops(x):
    rows = x.reshape(-1, x.shape[-1])
    p = np.zeros(rows.shape)
    for n, row in enumerate(rows):
        e = [math.exp(value - max(row)) for value in row]
        p[n] = [value / math.fsum(e) for value in e]
    return p.reshape(x.shape)


def softmax__log_then_exp(x):
    return np.exp(x - np.logaddexp.reduce(x, axis=-1)[..., None])


def softmax__ratios(x):
    """One over the sum of all ratios of exponentials; a ratio may be inf, and one over inf is 0."""
    with np.errstate(over="ignore"):
        return 1 / np.exp(x[..., None, :] - x[..., :, None]).sum(-1)


def log_softmax__logaddexp(x):
    return x - np.expand_dims(np.logaddexp.reduce(x, axis=-1), -1)


def log_softmax__loops(x):
    out = np.empty(x.shape)
    for index in np.ndindex(*x.shape[:-1]):
        row = x[index].tolist()
        total = math.fsum(math.exp(value - max(row)) for value in row)
        out[index] = [value - max(row) - math.log(total) for value in row]
    return out


def linear__loops(x, W, b):
    out = np.zeros((len(x), len(b)))
    for n in range(len(x)):
        for m in range(len(b)):
            out[n, m] = b[m] + sum(x[n, d] * W[d, m] for d in range(len(W)))
    return out


def linear__bias_as_a_weight(x, W, b):
    ones = np.ones((len(x), 1))
    return np.einsum("nd,dm->nm", np.hstack([x, ones]), np.vstack([W, b]))


def mean_squared_error__norm(prediction, target):
    return np.linalg.norm((prediction - target).ravel()) ** 2 / prediction.size


def mean_squared_error__loops(prediction, target):
    total = 0.0
    for p, t in zip(prediction.flat, target.flat, strict=True):
        total += (p - t) ** 2
    return total / prediction.size


def binary_cross_entropy_with_logits__logaddexp(logits, target):
    log_yes, log_no = -np.logaddexp(0, -logits), -np.logaddexp(0, logits)
    return -np.mean(target * log_yes + (1 - target) * log_no)


def binary_cross_entropy_with_logits__loops(logits, target):
    losses = []
    for z, t in zip(logits.ravel().tolist(), target.ravel().tolist(), strict=True):
        losses.append(max(z, 0) - z * t + math.log1p(math.exp(-abs(z))))
    return math.fsum(losses) / len(losses)


def softmax_cross_entropy__gathered_logits(logits, labels):
    total = np.logaddexp.reduce(logits, axis=1)
    right = np.take_along_axis(logits, labels[:, None].astype(int), axis=1)[:, 0]
    return np.mean(total - right)


def softmax_cross_entropy__loops(logits, labels):
    loss = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        top = max(row)
        loss += (top - row[label] + math.log(sum(math.exp(value - top) for value in row))) / len(labels)
    return loss


def softmax_cross_entropy__one_hot(logits, labels):
    right = np.arange(logits.shape[1]) == labels[:, None]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -(right * log_p).sum() / len(logits)


def one_hot__rows_of_the_identity(labels, num_classes):
    return np.eye(num_classes)[labels]


def one_hot__comparison(labels, num_classes):
    return (labels[:, None] == np.arange(num_classes)).astype(np.float64)


def one_hot__loops(labels, num_classes):
    return np.array([[float(k == label) for k in range(num_classes)] for label in labels])


def mlp__recursive(x, params):
    (W, b), *rest = params
    z = x @ W + b
    return mlp__recursive(np.where(z > 0, z, 0), rest) if rest else z


def mlp__folded(x, params):
    (W, b), *later = params
    return reduce(lambda z, layer: np.clip(z, 0, None) @ layer[0] + layer[1], later, x @ W + b)


def mlp__one_example_at_a_time(x, params):
    out = []
    for example in x:
        h = example
        for number, (W, b) in enumerate(params, 1):
            h = W.T @ h + b
            if number < len(params):
                h = np.array([max(0.0, value) for value in h])
        out.append(h)
    return np.stack(out)


def message_passing__edge_by_edge(x, edges, W):
    out = np.zeros((x.shape[0], W.shape[1]))
    for sender, receiver in edges:
        out[receiver] += x[sender] @ W
    return out


def message_passing__summed_first(x, edges, W):
    """The features are added up, and then mixed once for each node."""
    V, D = x.shape
    received = np.stack([np.bincount(edges[:, 1], weights=x[edges[:, 0], d], minlength=V) for d in range(D)], axis=1)
    return received @ W


def message_passing__one_hot(x, edges, W):
    senders, receivers = np.eye(len(x))[edges.T]
    return receivers.T @ (senders @ (x @ W))


def gcn_layer__by_powers(x, adjacency, W, b):
    A = adjacency.copy()
    np.fill_diagonal(A, 1.0)
    root = A.sum(axis=0) ** -0.5
    return root[:, None] * (A @ (root[:, None] * (x @ W))) + b


def gcn_layer__matrices(x, adjacency, W, b):
    A = adjacency + np.identity(adjacency.shape[0])
    D = np.diag(1 / np.sqrt(A.sum(1)))
    return np.einsum("ij,jk,kl,ld,dm->im", D, A, D, x, W) + b


def gcn_layer__node_by_node(x, adjacency, W, b):
    V = len(x)
    degree = [1 + sum(adjacency[i]) for i in range(V)]
    out = np.zeros((V, W.shape[1]))
    for i in range(V):
        for j in range(V):
            if i == j or adjacency[i, j] > 0:
                out[i] += x[j] @ W / math.sqrt(degree[i] * degree[j])
        out[i] += b
    return out


def xavier_uniform__row_by_row(fan_in, fan_out, rng):
    limit = math.sqrt(6) / math.sqrt(fan_in + fan_out)
    return np.stack([limit * (2 * rng.random(fan_out) - 1) for _ in range(fan_in)])


def xavier_uniform__outputs_first(fan_in, fan_out, rng):
    return rng.uniform(-1, 1, size=(fan_out, fan_in)).T * (6 / (fan_in + fan_out)) ** 0.5


def he_normal__scaled(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) / math.sqrt(fan_in / 2)


def he_normal__box_and_muller(fan_in, fan_out, rng):
    radius = np.sqrt(-2 * np.log(1 - rng.random((fan_in, fan_out))))
    return radius * np.cos(2 * math.pi * rng.random((fan_in, fan_out))) * math.sqrt(2 / fan_in)


SLOPES = {
    "sigmoid": lambda z: 0.25 / np.cosh(z / 2) ** 2,
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "relu": lambda z: (z > 0).astype(float),
}
BENDS = {"sigmoid": sigmoid__by_tanh, "tanh": np.tanh, "relu": relu__where}


def vanishing_gradient__xavier_and_inputs_kept(depth, width, activation, rng):
    layers = [xavier_uniform__row_by_row(width, width, rng) for _ in range(depth)]
    before, h = [], rng.standard_normal((1, width))
    for W in layers:
        before.append(h @ W)
        h = BENDS[activation](before[-1])
    norms, upstream = np.zeros(depth), np.ones((1, width))
    for number in reversed(range(depth)):
        upstream = upstream * SLOPES[activation](before[number])
        norms[number] = np.sqrt((upstream**2).sum())
        upstream = upstream @ layers[number].T
    return norms.tolist()


def vanishing_gradient__recursive(depth, width, activation, rng):
    """Columns instead of rows; a layer asks the ones above it for the gradient in its output."""

    def climb(h, left):
        if left == 0:
            return np.ones(width), []
        W = he_normal__scaled(width, width, rng)
        z = W @ h
        dh, norms = climb(BENDS[activation](z), left - 1)
        dz = SLOPES[activation](z) * dh
        return W.T @ dz, [np.linalg.norm(dz), *norms]

    return climb(rng.normal(size=width), depth)[1]
