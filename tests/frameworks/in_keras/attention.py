"""An answer to attention as one writes it in Keras."""

from keras import ops


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / q.shape[-1] ** 0.5
    e = ops.exp(scores - ops.max(scores if mask is None else ops.where(mask, scores, -1e300), axis=-1, keepdims=True))
    e = e if mask is None else ops.where(mask, e, 0.0)
    total = ops.sum(e, axis=-1, keepdims=True)
    return ops.matmul(e / ops.where(total == 0.0, 1.0, total), v)
