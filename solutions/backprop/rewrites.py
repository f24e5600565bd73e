"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np


def linear_backward__loops(dout, x, W, b):
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)
    for n in range(x.shape[0]):
        for m in range(W.shape[1]):
            db[m] += dout[n, m]
            for d in range(W.shape[0]):
                dx[n, d] += dout[n, m] * W[d, m]
                dW[d, m] += x[n, d] * dout[n, m]
    return [dx, dW, db]
