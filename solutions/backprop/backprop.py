"""Backprop: gradients by hand, then by machine.

A `*_backward` gets `dout`, the gradient of the loss with respect to the layer's output, and the layer's inputs; it returns
the gradient with respect to each of those inputs, in the same order, each in the shape of its input. The backward of a loss
has no `dout`: the loss is where the gradient starts.
"""

import itertools
import math

import numpy as np


def erf(x):
    """The error function, entry by entry: NumPy has none."""
    return np.vectorize(math.erf, otypes=[float])(x)


def _sigmoid(x):
    e = np.exp(-np.abs(x))  # at most 1, whatever the sign of x
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def _softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sigmoid_backward(dout, x):
    """Gradient of the sigmoid, σ(x) = 1 / (1 + exp(-x)), entry by entry.

    dout (...), x (...) -> dx (...)

    x is what went into the sigmoid, not what came out. Its entries may be as far out as ±1000.
    """
    s = _sigmoid(x)
    return dout * s * (1.0 - s)


def tanh_backward(dout, x):
    """Gradient of the hyperbolic tangent, entry by entry.

    dout (...), x (...) -> dx (...)

    x is what went into tanh, not what came out. Entries of x may be as far out as ±1000.
    """
    t = np.tanh(x)
    return dout * (1.0 - t**2)


def relu_backward(dout, x):
    """Gradient of the rectified linear unit, relu(x) = max(0, x), entry by entry.

    dout (...), x (...) -> dx (...)

    x is never exactly 0, where relu has a kink and no derivative.
    """
    return np.where(x > 0, dout, 0.0)


def gelu_backward(dout, x):
    """Gradient of the Gaussian error linear unit, gelu(x) = x·Φ(x), entry by entry.

    dout (...), x (...) -> dx (...)

    Φ(x) = (1 + erf(x / √2)) / 2 is the distribution function of the standard normal: the exact gelu, not the tanh
    formula that approximates it. `erf` is given above. Entries of x may be as far out as ±1000.
    """
    below = (1.0 + erf(x / np.sqrt(2.0))) / 2.0
    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)
    return dout * (below + x * density)


def linear_backward(dout, x, W, b):
    """Gradients of a linear layer, x @ W + b.

    dout (N, M), x (N, D), W (D, M), b (M,) -> dx (N, D), dW (D, M), db (M,)

    Each gradient has the shape of its input. All N examples share W and b, so their gradients add up.
    """
    dx = dout @ W.T
    dW = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dW, db


def mean_squared_error_backward(prediction, target):
    """Gradient of the mean squared error with respect to the prediction.

    prediction (...), target (...) -> dprediction (...)

    The loss is the mean of (prediction - target)² over every element, along every axis; it is not halved.
    """
    return 2.0 * (prediction - target) / prediction.size


def softmax_backward(dout, x):
    """Gradient of the softmax over the last axis.

    dout (..., K), x (..., K) -> dx (..., K)

    x are the logits that went into the softmax; they may be as far out as ±1000. Every output of a row depends on every
    logit of that row, and on no other row.
    """
    p = _softmax(x)
    return p * (dout - (p * dout).sum(axis=-1, keepdims=True))


def softmax_cross_entropy_backward(logits, labels):
    """Gradient of softmax and cross-entropy together, with respect to the logits.

    logits (N, K), labels (N,) -> dlogits (N, K)

    The loss is the mean over the N examples of -log(softmax(logits)[n, labels[n]]); labels are integers from 0 to K-1.
    Logits may be as far out as ±1000.
    """
    dlogits = _softmax(logits)
    dlogits[np.arange(len(labels)), labels] -= 1.0
    return dlogits / len(labels)


def mlp_loss_and_gradients(x, labels, params):
    """A network's loss, and its gradient with respect to every weight and bias.

    x (N, D), labels (N,), params [(W, b), ...] -> loss, gradients

    `params` holds a (W, b) for each layer, first layer first, and at least one; a layer computes h @ W + b. There is a
    relu between layers and none after the last, whose output is the logits. The loss is the mean softmax cross-entropy
    over the N examples; labels are integers. `gradients` is a list of (dW, db), first layer first. No relu gets an input
    of exactly 0; logits may be as far out as ±1000, where the loss is finite, too.
    """
    inputs = [x]  # what goes into each layer
    for W, b in params[:-1]:
        inputs.append(np.maximum(0.0, inputs[-1] @ W + b))
    W, b = params[-1]
    logits = inputs[-1] @ W + b
    loss = -_log_softmax(logits)[np.arange(len(labels)), labels].mean()
    dout = softmax_cross_entropy_backward(logits, labels)
    gradients = []
    for h, (W, b) in zip(reversed(inputs), reversed(params), strict=True):
        dh, dW, db = linear_backward(dout, h, W, b)
        gradients.append((dW, db))
        dout = relu_backward(dh, h)  # relu's output is positive exactly where its input was
    return loss, gradients[::-1]


def topological_order(graph, root):
    """List `root` and everything it was computed from, every parent before its child.

    graph {node: [parents]}, root -> order

    A node is a string or an integer; its parents are the nodes that it was computed from, and every node is a key. A
    node used twice, as in x·x, is listed twice among the parents. `order` is a list that ends in root and holds it and
    its ancestors once each, and nothing else; any valid order is right. There are no cycles, and no path is longer than
    500.
    """
    order, seen = [], set()
    stack = [(root, False)]  # of our own: Python's allows a recursion of about 1000 calls
    while stack:
        node, parents_are_listed = stack.pop()
        if parents_are_listed:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(graph[node]))
    return order


class Value:
    """A number that remembers which values it was computed from, so that it can compute gradients.

    `.data` is the number. `.grad` is the derivative of the last value with respect to this one; it starts at 0.0 and is
    filled by `backward` of that last value. The other operand of an operator is a Value or a plain number.
    """

    def __init__(self, data):
        """A value that is not computed from others; `data` is a number."""
        self.data = float(data)
        self.grad = 0.0
        self._parents = []  # pairs (parent, slope): how this value changes with what it was made from

    def __add__(self, other):
        """self + other"""
        return _made(self.data + _number(other), (self, 1.0), (other, 1.0))

    def __radd__(self, other):
        """other + self, where other is a number"""
        return self + other

    def __neg__(self):
        """-self"""
        return _made(-self.data, (self, -1.0))

    def __sub__(self, other):
        """self - other"""
        return self + -other

    def __rsub__(self, other):
        """other - self, where other is a number"""
        return -self + other

    def __mul__(self, other):
        """self * other"""
        return _made(self.data * _number(other), (self, _number(other)), (other, self.data))

    def __rmul__(self, other):
        """other * self, where other is a number"""
        return self * other

    def __truediv__(self, other):
        """self / other"""
        return _made(self.data / _number(other), (self, 1 / _number(other)), (other, -self.data / _number(other) ** 2))

    def __rtruediv__(self, other):
        """other / self, where other is a number"""
        return Value(other) / self

    def __pow__(self, exponent):
        """self ** exponent, where exponent is a number"""
        return _made(self.data**exponent, (self, exponent * self.data ** (exponent - 1)))

    def relu(self):
        """self where it is positive, else 0"""
        return _made(max(self.data, 0.0), (self, float(self.data > 0)))

    def tanh(self):
        """The hyperbolic tangent."""
        t = math.tanh(self.data)
        return _made(t, (self, 1 - t**2))

    def exp(self):
        """e to the power of self"""
        e = math.exp(self.data)
        return _made(e, (self, e))

    def log(self):
        """The natural logarithm."""
        return _made(math.log(self.data), (self, 1 / self.data))

    def backward(self):
        """Fill `.grad` of this value, which is 1.0, and of every value that it was computed from."""
        graph, waiting = {}, [self]
        while waiting:
            value = waiting.pop()
            if value not in graph:
                graph[value] = [parent for parent, _ in value._parents]
                waiting += graph[value]
        self.grad = 1.0
        for value in reversed(topological_order(graph, self)):
            for parent, slope in value._parents:
                parent.grad += value.grad * slope


def _number(x):
    return x.data if isinstance(x, Value) else x


def _made(data, *makers):
    """A value and how it changes with its makers; plain numbers among them do not ask for gradients."""
    made = Value(data)
    made._parents = [(maker, slope) for maker, slope in makers if isinstance(maker, Value)]
    return made


def saliency(forward, backward, x, labels):
    """How strongly each number of an input moves the logit of that input's label.

    forward, backward, x (N, ...), labels (N,) -> saliency (N, ...)

    `forward(x)` returns logits (N, K); `backward(dout, x)` returns dx, the gradient in x of Σ dout·forward(x), like x. Both
    take any number of examples, and treat each alone. saliency[n] is the absolute gradient in x[n] of
    logits[n, labels[n]], the logit itself and not a loss. It is like x: not scaled, and nothing is taken over channels.
    """
    dout = np.zeros_like(forward(x))
    dout[np.arange(len(labels)), labels] = 1.0
    return np.abs(backward(dout, x))


def integrated_gradients(gradient, x, baseline, steps):
    """What each number of an input adds to a function's value, compared with a baseline.

    gradient, x (D,), baseline (D,), steps -> attributions (D,)

    `gradient(point)` returns the function's gradient (D,) at one point (D,). Average it over the straight way from the
    baseline to x by the midpoint rule, at baseline + (i + ½)/steps·(x − baseline) for i = 0 … steps − 1, and multiply
    by x − baseline. The attributions then add up to about how much the function grows from the baseline to x.
    """
    way = x - baseline
    midpoints = (np.arange(steps) + 0.5) / steps
    return way * np.mean([gradient(baseline + t * way) for t in midpoints], axis=0)


def fgsm(gradient, x, epsilon, low=0.0, high=1.0):
    """An adversarial example in one step, the fast gradient sign method: no entry moves by more than epsilon, and the loss rises.

    gradient, x (...), epsilon, low, high -> adversarial (...)

    `gradient(x)` returns the gradient of the loss in x, like x; no entry of it is 0. Every entry of x moves by epsilon
    to the side on which the loss rises, and then goes back to between low and high, where those of x lie.
    """
    return np.clip(x + epsilon * np.sign(gradient(x)), low, high)


def pgd(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    """An adversarial example in small steps, by projected gradient descent: up the loss, and never far from x.

    gradient, x (...), epsilon, alpha, steps, low, high -> adversarial (...)

    `gradient(x)` returns the gradient of the loss in x, like x; no entry of it is 0. The first step starts at x. Each moves
    every entry by alpha to the side on which the loss rises where the step begins, then takes it back to within epsilon
    of x and to between low and high, where the entries of x lie.
    """
    adversarial = x
    for _ in range(steps):
        stepped = adversarial + alpha * np.sign(gradient(adversarial))
        adversarial = np.clip(np.clip(stepped, x - epsilon, x + epsilon), low, high)
    return adversarial


def spirals(X, labels, rng):
    """Train a classifier on points of three spiral arms; returns a function that labels new points.

    X (N, 2), labels (N,), rng -> predict

    `predict(X)` takes points (M, 2) and returns their labels (M,), integers. The labels are 0, 1 and 2. Choose any method:
    the pieces are in this file. Draw random numbers from `rng`.
    """
    sizes = [2, 64, 64, 3]
    params = [(rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)) for n, m in itertools.pairwise(sizes)]
    state = (
        [[np.zeros_like(a) for a in layer] for layer in params],
        [[np.zeros_like(a) for a in layer] for layer in params],
    )
    for step in range(1, 501):
        _, gradients = mlp_loss_and_gradients(X, labels, params)
        params = [
            tuple(_adam(w, dw, m, v, step) for w, dw, m, v in zip(*layers, strict=True))
            for layers in zip(params, gradients, *state, strict=True)
        ]

    def predict(X):
        h = X
        for number, (W, b) in enumerate(params):
            h = (np.maximum(h, 0) if number else h) @ W + b
        return h.argmax(axis=1)

    return predict


def _adam(w, dw, m, v, step, lr=0.01):
    """One step of Adam; the moments m and v are changed in place."""
    m += 0.1 * (dw - m)
    v += 0.001 * (dw**2 - v)
    return w - lr * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
