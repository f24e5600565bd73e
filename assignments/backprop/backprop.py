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


def sigmoid_backward(dout, x):
    """Gradient of the sigmoid, σ(x) = 1 / (1 + exp(-x)), entry by entry.

    dout (...), x (...) -> dx (...)

    x is what went into the sigmoid, not what came out. Its entries may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def tanh_backward(dout, x):
    """Gradient of the hyperbolic tangent, entry by entry.

    dout (...), x (...) -> dx (...)

    x is what went into tanh, not what came out. Entries of x may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def relu_backward(dout, x):
    """Gradient of the rectified linear unit, relu(x) = max(0, x), entry by entry.

    dout (...), x (...) -> dx (...)

    x is never exactly 0, where relu has a kink and no derivative.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gelu_backward(dout, x):
    """Gradient of the Gaussian error linear unit, gelu(x) = x·Φ(x), entry by entry.

    dout (...), x (...) -> dx (...)

    Φ(x) = (1 + erf(x / √2)) / 2 is the distribution function of the standard normal: the exact gelu, not the tanh
    formula that approximates it. `erf` is given above. Entries of x may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def linear_backward(dout, x, W, b):
    """Gradients of a linear layer, x @ W + b.

    dout (N, M), x (N, D), W (D, M), b (M,) -> dx (N, D), dW (D, M), db (M,)

    Each gradient has the shape of its input. All N examples share W and b, so their gradients add up.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def mean_squared_error_backward(prediction, target):
    """Gradient of the mean squared error with respect to the prediction.

    prediction (...), target (...) -> dprediction (...)

    The loss is the mean of (prediction - target)² over every element, along every axis; it is not halved.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def softmax_backward(dout, x):
    """Gradient of the softmax over the last axis.

    dout (..., K), x (..., K) -> dx (..., K)

    x are the logits that went into the softmax; they may be as far out as ±1000. Every output of a row depends on every
    logit of that row, and on no other row.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def softmax_cross_entropy_backward(logits, labels):
    """Gradient of softmax and cross-entropy together, with respect to the logits.

    logits (N, K), labels (N,) -> dlogits (N, K)

    The loss is the mean over the N examples of -log(softmax(logits)[n, labels[n]]); labels are integers from 0 to K-1.
    Logits may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def mlp_loss_and_gradients(x, labels, params):
    """A network's loss, and its gradient with respect to every weight and bias.

    x (N, D), labels (N,), params [(W, b), ...] -> loss, gradients

    `params` holds a (W, b) for each layer, first layer first, and at least one; a layer computes h @ W + b. There is a
    relu between layers and none after the last, whose output is the logits. The loss is the mean softmax cross-entropy
    over the N examples; labels are integers. `gradients` is a list of (dW, db), first layer first. No relu gets an input
    of exactly 0; logits may be as far out as ±1000, where the loss is finite, too.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def topological_order(graph, root):
    """List `root` and everything it was computed from, every parent before its child.

    graph {node: [parents]}, root -> order

    A node is a string or an integer; its parents are the nodes that it was computed from, and every node is a key. A
    node used twice, as in x·x, is listed twice among the parents. `order` is a list that ends in root and holds it and
    its ancestors once each, and nothing else; any valid order is right. There are no cycles, and no path is longer than
    500.
    """
    # YOUR CODE HERE
    raise NotImplementedError


class Value:
    """A number that remembers which values it was computed from, so that it can compute gradients.

    `.data` is the number. `.grad` is the derivative of the last value with respect to this one; it starts at 0.0 and is
    filled by `backward` of that last value. The other operand of an operator is a Value or a plain number.
    """

    def __init__(self, data):
        """A value that is not computed from others; `data` is a number."""
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
        """self where it is positive, else 0"""
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
        """The natural logarithm."""
        # YOUR CODE HERE
        raise NotImplementedError

    def backward(self):
        """Fill `.grad` of this value, which is 1.0, and of every value that it was computed from."""
        # YOUR CODE HERE
        raise NotImplementedError


def saliency(forward, backward, x, labels):
    """How strongly each number of an input moves the logit of that input's label.

    forward, backward, x (N, ...), labels (N,) -> saliency (N, ...)

    `forward(x)` returns logits (N, K); `backward(dout, x)` returns dx, the gradient in x of Σ dout·forward(x), like x. Both
    take any number of examples, and treat each alone. saliency[n] is the absolute gradient in x[n] of
    logits[n, labels[n]], the logit itself and not a loss. It is like x: not scaled, and nothing is taken over channels.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def integrated_gradients(gradient, x, baseline, steps):
    """What each number of an input adds to a function's value, compared with a baseline.

    gradient, x (D,), baseline (D,), steps -> attributions (D,)

    `gradient(point)` returns the function's gradient (D,) at one point (D,). Average it over the straight way from the
    baseline to x by the midpoint rule, at baseline + (i + ½)/steps·(x − baseline) for i = 0 … steps − 1, and multiply
    by x − baseline. The attributions then add up to about how much the function grows from the baseline to x.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def fgsm(gradient, x, epsilon, low=0.0, high=1.0):
    """An adversarial example in one step, the fast gradient sign method: no entry moves by more than epsilon, and the loss rises.

    gradient, x (...), epsilon, low, high -> adversarial (...)

    `gradient(x)` returns the gradient of the loss in x, like x; no entry of it is 0. Every entry of x moves by epsilon
    to the side on which the loss rises, and then goes back to between low and high, where those of x lie.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def pgd(gradient, x, epsilon, alpha, steps, low=0.0, high=1.0):
    """An adversarial example in small steps, by projected gradient descent: up the loss, and never far from x.

    gradient, x (...), epsilon, alpha, steps, low, high -> adversarial (...)

    `gradient(x)` returns the gradient of the loss in x, like x; no entry of it is 0. The first step starts at x. Each moves
    every entry by alpha to the side on which the loss rises where the step begins, then takes it back to within epsilon
    of x and to between low and high, where the entries of x lie.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def spirals(X, labels, rng):
    """Train a classifier on points of three spiral arms; returns a function that labels new points.

    X (N, 2), labels (N,), rng -> predict

    `predict(X)` takes points (M, 2) and returns their labels (M,), integers. The labels are 0, 1 and 2. Choose any method:
    the pieces are in this file. Draw random numbers from `rng`.
    """
    # YOUR CODE HERE
    raise NotImplementedError
