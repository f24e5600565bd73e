"""Backprop: gradients by hand, then by machine.

A `*_backward` gets the gradient of the loss in the layer's output, `dout`, and the layer's own inputs; it returns the
gradient of the loss in each of those inputs, in the same order and each of the same shape as its input.
"""

import numpy as np


def linear_backward(dout, x, W, b):
    """Gradients of a linear layer, x @ W + b.

    dout (N, M), x (N, D), W (D, M), b (M,) -> dx (N, D), dW (D, M), db (M,)

    Each gradient has the shape of what it is the gradient of. W and b serve all N examples: their gradients add up.
    """
    dx = dout @ W.T
    dW = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dW, db
