"""An answer to attention as one writes it in MLX."""

import mlx.core as mx


def scaled_dot_product_attention(q, k, v, mask=None):
    q, k, v = mx.array(q), mx.array(k), mx.array(v)
    scores = q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5
    seen = mx.array(True if mask is None else mask)
    e = mx.exp(scores - mx.max(mx.where(seen, scores, -1e30), axis=-1, keepdims=True))
    e = mx.where(seen, e, 0.0)
    total = mx.sum(e, axis=-1, keepdims=True)
    return (e / mx.where(total == 0, 1.0, total)) @ v
