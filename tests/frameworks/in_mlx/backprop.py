"""An answer to backprop as one writes it in MLX; the derivative by hand."""

import mlx.core as mx


def softmax_backward(dout, x):
    p, dout = mx.softmax(mx.array(x), axis=-1), mx.array(dout)
    return p * (dout - mx.sum(p * dout, axis=-1, keepdims=True))
