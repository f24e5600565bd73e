"""An answer to optimization as one writes it in MLX."""

import mlx.core as mx


def layernorm(x, gamma, beta, eps=1e-5):
    x = mx.array(x)
    mean, var = mx.mean(x, axis=-1, keepdims=True), mx.var(x, axis=-1, keepdims=True)
    return mx.array(gamma) * (x - mean) / mx.sqrt(var + eps) + mx.array(beta)
