"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np


def scaled_dot_product_attention__einsum_and_finite_minus(q, k, v, mask=None):
    scores = np.einsum("...td,...sd->...ts", q * q.shape[-1] ** -0.5, k)
    allowed = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    e = np.exp(scores - scores.max(-1, keepdims=True, where=allowed, initial=-1e300)) * allowed
    total = e.sum(-1, keepdims=True)
    return np.divide(np.einsum("...ts,...sv->...tv", e, v), total, out=np.zeros(q.shape[:-1] + v.shape[-1:]), where=total > 0)
