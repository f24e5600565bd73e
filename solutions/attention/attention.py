"""Attention: from alignment to the transformer.

Every token asks a question (its query), offers a label (its key) and a content (its value). Attention answers each
question with a mixture of contents, weighted by how well the labels fit. Masks are boolean; True means "may attend".
"""

import numpy as np


def softmax(x):
    """Softmax over the last axis; a row of nothing but -inf gives zeros."""
    top = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def scaled_dot_product_attention(q, k, v, mask=None):
    """Mix the values, each query weighting them by how well it matches their keys.

    q (..., Tq, d), k (..., Tk, d), v (..., Tk, dv), mask (..., Tq, Tk) -> out (..., Tq, dv)

    out = softmax(q·kᵀ / √d)·v, the softmax over the keys. A position where the mask is False gets weight 0; a query
    that may attend to nothing gets zeros. Without a mask, every query attends to every key.
    """
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores) @ v
