"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()
ROOT_2PI = math.sqrt(2 * math.pi)


def sigmoid_backward__plain_formula(dout, x):
    # exp may overflow to inf here, and 1 / inf is the right answer, 0
    s = 1 / (1 + np.exp(-x))
    return (s - s**2) * dout


def sigmoid_backward__even_function(dout, x):
    e = np.exp(-np.abs(x))
    return dout * e / np.square(1 + e)


def sigmoid_backward__loops(dout, x):
    dx = np.empty_like(x)
    for index, value in np.ndenumerate(x):
        s = 0.5 + 0.5 * math.tanh(value / 2)
        dx[index] = dout[index] * s * (1 - s)
    return dx


def tanh_backward__hyperbolic_cosine(dout, x):
    return dout / np.cosh(x) ** 2


def tanh_backward__by_sigmoid(dout, x):
    e = np.exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2 * dout


def relu_backward__multiplied_mask(dout, x):
    return dout * (x > 0)


def relu_backward__copy_and_clear(dout, x):
    dx = np.array(dout)
    dx[x <= 0] = 0
    return dx


def relu_backward__slope_of_the_output(dout, x):
    return np.sign(np.maximum(x, 0)) * dout


def gelu_backward__loops(dout, x):
    slopes = [NORMAL.cdf(value) + value * NORMAL.pdf(value) for value in x.ravel().tolist()]
    return dout * np.reshape(slopes, x.shape)


def gelu_backward__complementary_error(dout, x):
    cdf = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x.flat]).reshape(x.shape)
    dx = cdf * dout
    dx += dout * x * np.exp(-0.5 * x * x) / ROOT_2PI
    return dx


def linear_backward__loops(dout, x, W, b):
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)
    for n in range(x.shape[0]):
        for m in range(W.shape[1]):
            db[m] += dout[n, m]
            for d in range(W.shape[0]):
                dx[n, d] += dout[n, m] * W[d, m]
                dW[d, m] += x[n, d] * dout[n, m]
    return [dx, dW, db]


def linear_backward__einsum(dout, x, W, b):
    dx = np.einsum("nm,dm->nd", dout, W)
    dW = np.einsum("nd,nm->dm", x, dout)
    return dx, dW, np.ones(len(dout)) @ dout


def mean_squared_error_backward__loops(prediction, target):
    gradient = np.zeros(prediction.shape)
    for index in np.ndindex(prediction.shape):
        gradient[index] = (prediction[index] - target[index]) / (0.5 * prediction.size)
    return gradient


def mean_squared_error_backward__two_terms(prediction, target):
    weight = 2 / np.prod(prediction.shape)
    return weight * prediction - weight * target


def softmax_backward__jacobian(dout, x):
    p = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p /= np.sum(p, axis=-1, keepdims=True)
    jacobian = p[..., :, None] * (np.eye(x.shape[-1]) - p[..., None, :])
    return np.einsum("...j,...jk->...k", dout, jacobian)


def softmax_backward__loops(dout, x):
    rows, classes = x.reshape(-1, x.shape[-1]), range(x.shape[-1])
    upstream = dout.reshape(rows.shape)
    dx = np.zeros(rows.shape)
    for n, row in enumerate(rows):
        top = max(row)
        e = [math.exp(value - top) for value in row]
        p = [value / sum(e) for value in e]
        for j in classes:
            for k in classes:
                dx[n, k] += upstream[n, j] * p[j] * ((j == k) - p[k])
    return dx.reshape(x.shape)


def softmax_backward__through_the_logarithm(dout, x):
    top = x.max(-1, keepdims=True)
    log_p = x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))
    g = dout * np.exp(log_p)
    return g - np.exp(log_p) * g.sum(-1, keepdims=True)


def softmax_cross_entropy_backward__one_hot(logits, labels):
    N, K = logits.shape
    shifted = logits - logits.max(axis=1)[:, None]
    log_p = shifted - np.logaddexp.reduce(shifted, axis=1)[:, None]
    return np.exp(log_p) / N - np.eye(K)[labels] / N


def softmax_cross_entropy_backward__loops(logits, labels):
    gradient = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        e = [math.exp(value - max(row)) for value in row]
        gradient.append([(value / sum(e) - (k == label)) / len(labels) for k, value in enumerate(e)])
    return np.array(gradient)


def mlp_loss_and_gradients__recursive(x, labels, params):
    (W, b), *rest = params
    z = x @ W + b

    def finish(z):
        """The loss of this layer's output, the gradient in it, and the later layers' gradients."""
        if rest:
            h = np.maximum(z, 0)
            loss, later = mlp_loss_and_gradients__recursive(h, labels, rest)
            return loss, upstream(h, rest) * (z > 0), later
        return *cross_entropy(z), []

    def upstream(h, layers):
        """The gradient of the loss in what enters some layers."""
        (W, b), *others = layers
        z = h @ W + b
        return (upstream(np.maximum(z, 0), others) * (z > 0) if others else cross_entropy(z)[1]) @ W.T

    def cross_entropy(z):
        top = z.max(axis=1)
        log_total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
        loss = np.mean(log_total - np.take_along_axis(z, labels[:, None], 1)[:, 0])
        return float(loss), (np.exp(z - log_total[:, None]) - np.eye(z.shape[1])[labels]) / len(z)

    loss, dz, later = finish(z)
    return loss, [(x.T @ dz, dz.sum(0)), *later]


def mlp_loss_and_gradients__one_example_at_a_time(x, labels, params):
    loss, total = 0.0, [[np.zeros(W.shape), np.zeros(b.shape)] for W, b in params]
    for example, label in zip(x, labels, strict=True):
        a, z = [example], []
        for number, (W, b) in enumerate(params):
            z.append(W.T @ a[-1] + b)
            a.append(np.where(z[-1] < 0, 0, z[-1]) if number < len(params) - 1 else z[-1])
        e = np.exp(z[-1] - max(z[-1]))
        loss += (np.log(e.sum()) + max(z[-1]) - z[-1][label]) / len(x)
        delta = e / e.sum()
        delta[label] -= 1
        for number in reversed(range(len(params))):
            total[number][0] += np.outer(a[number], delta) / len(x)
            total[number][1] += delta / len(x)
            if number:
                delta = (params[number][0] @ delta) * (z[number - 1] > 0)
    return [loss, total]


def topological_order__recursive(graph, root):
    order, visited = [], set()

    def visit(node):
        if node not in visited:
            visited.add(node)
            [visit(parent) for parent in graph[node]]
            order.append(node)

    visit(root)
    return order


def topological_order__kahn(graph, root):
    needed, frontier = {root}, [root]
    while frontier:
        fresh = set(graph[frontier.pop()]) - needed
        needed |= fresh
        frontier.extend(fresh)
    missing = {node: len(graph[node]) for node in needed}
    children = {node: [] for node in needed}
    for node in needed:
        for parent in graph[node]:
            children[parent].append(node)
    ready, order = [node for node in needed if not missing[node]], []
    while ready:
        order.append(ready.pop())
        for child in children[order[-1]]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return tuple(order)


def topological_order__by_longest_way(graph, root):
    distance, level, steps = {}, {root}, 0
    while level:  # the last level in which a node is met is its longest way to the root
        distance.update(dict.fromkeys(level, steps))
        level = {parent for node in level for parent in graph[node]}
        steps += 1
    return sorted(distance, key=distance.get, reverse=True)


class Value__closures:
    """Each result keeps a function that sends its gradient back, as micrograd does."""

    def __init__(self, data, parents=()):
        self.data, self.grad = data, 0
        self._send, self._before = lambda: None, list(parents)

    def _result(self, data, *pairs):
        pairs = [(value, slope) for value, slope in pairs if isinstance(value, Value__closures)]
        out = Value__closures(data, [value for value, _ in pairs])

        def send():
            for value, slope in pairs:
                value.grad = value.grad + slope * out.grad

        out._send = send
        return out

    @staticmethod
    def _of(other):
        return other if isinstance(other, Value__closures) else Value__closures(other)

    def __add__(self, other):
        other = self._of(other)
        return self._result(self.data + other.data, (self, 1), (other, 1))

    def __mul__(self, other):
        other = self._of(other)
        return self._result(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        return self._result(self.data**n, (self, n * self.data ** (n - 1)))

    def exp(self):
        return self._result(np.exp(self.data), (self, np.exp(self.data)))

    def log(self):
        return self._result(np.log(self.data), (self, self.data**-1.0))

    def tanh(self):
        return self._result(np.tanh(self.data), (self, 1 / np.cosh(self.data) ** 2))

    def relu(self):
        return self._result(self.data if self.data > 0 else 0, (self, 1 if self.data > 0 else 0))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-self._of(other))

    def __rsub__(self, other):
        return self._of(other) - self

    def __truediv__(self, other):
        return self * self._of(other) ** -1.0

    def __rtruediv__(self, other):
        return self._of(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            value, is_done = stack.pop()
            if is_done:
                order.append(value)
            elif id(value) not in seen:
                seen.add(id(value))
                stack.append((value, True))
                stack += [(parent, False) for parent in value._before]
        self.grad = 1
        for value in reversed(order):
            value._send()


def saliency__one_example_at_a_time(forward, backward, x, labels):
    out = np.empty_like(x)
    for n in range(len(x)):
        logits = forward(x[n : n + 1])
        out[n : n + 1] = backward((np.arange(logits.shape[1]) == labels[n]).astype(float)[None], x[n : n + 1])
    return np.sqrt(out**2)


def saliency__rows_of_the_identity(forward, backward, x, labels):
    dx = backward(np.eye(forward(x).shape[-1])[labels], x)
    return np.maximum(dx, -dx)


def saliency__class_by_class(forward, backward, x, labels):
    """The gradients of all logits, of which each example keeps its own."""
    N, K = forward(x).shape
    gradients = np.stack([backward(np.tile(np.eye(K)[k], (N, 1)), x) for k in range(K)])
    return abs(gradients[labels, np.arange(N)])


def integrated_gradients__running_sum(gradient, x, baseline, steps):
    total = 0
    for i in range(steps):
        total = total + gradient(baseline + (i + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def integrated_gradients__from_x_back(gradient, x, baseline, steps):
    half = 1 / (2 * steps)
    points = [t * baseline + (1 - t) * x for t in np.linspace(half, 1 - half, steps)]
    return np.stack([gradient(point) for point in points]).T @ np.full(steps, 1 / steps) * (x - baseline)


def fgsm__entry_by_entry(gradient, x, epsilon, low=0.0, high=1.0):
    slopes, out = gradient(x), x.copy()
    for index in np.ndindex(x.shape):
        out[index] = min(high, x[index] + epsilon) if slopes[index] > 0 else max(low, x[index] - epsilon)
    return out


def fgsm__divided_by_its_size(gradient, x, epsilon, low=0.0, high=1.0):
    slopes = gradient(x)
    return np.minimum(np.maximum(x + epsilon * slopes / np.abs(slopes), low), high)


def pgd__a_perturbation(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    """What is added to x is kept, rather than where x has come to."""
    delta = np.zeros_like(x)
    for _ in range(steps):
        delta = (delta + alpha * np.sign(gradient(x + delta))).clip(-epsilon, epsilon)
        delta = (x + delta).clip(low, high) - x
    return x + delta


def pgd__one_pair_of_bounds(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    lowest, highest = np.maximum(low, x - epsilon), np.minimum(high, x + epsilon)
    at = x.copy()
    for _ in range(steps):
        at += np.where(gradient(at) > 0, alpha, -alpha)
        np.clip(at, lowest, highest, out=at)
    return at


def pgd__box_before_ball(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    at = np.array(x)
    for _ in range(steps):
        at = np.clip(at + alpha * np.sign(gradient(at)), low, high)
        at = x + np.clip(at - x, -epsilon, epsilon)
    return at
