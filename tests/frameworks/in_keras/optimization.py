"""An answer to optimization as one writes it in Keras."""

from keras import ops


def layernorm(x, gamma, beta, eps=1e-5):
    centred = x - ops.mean(x, axis=-1, keepdims=True)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=-1, keepdims=True) + eps)
    return gamma * centred / deviation + beta
