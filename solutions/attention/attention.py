"""Attention: from alignment to the transformer.

Every token has a query (what it looks for), a key (what it offers) and a value (its content). Attention answers each query
with a mixture of values, weighted by how well their keys match. Masks are boolean; True means "may attend".

The functions are written in NumPy. The modules at the end are written in PyTorch, and so is what is trained.
"""

import numpy as np
import torch
from torch import nn


def softmax(x):
    """Softmax over the last axis; a row of nothing but -inf gives zeros."""
    top = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def _weights(q, k, mask):
    """How much each query attends to each key; every row sums to one, or to zero where nothing may be attended to."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores)


def scaled_dot_product_attention(q, k, v, mask=None):
    """Mix the values, each query weighting them by how well it matches their keys.

    q (..., Tq, d), k (..., Tk, d), v (..., Tk, dv), mask (..., Tq, Tk) -> out (..., Tq, dv)

    out = softmax(q·kᵀ / √d)·v, the softmax over the keys. A position where the mask is False gets weight 0; a query
    that may attend to nothing gets zeros. The mask broadcasts to the scores, so that (Tq, Tk) and (N, 1, Tk) will do;
    without a mask, every query attends to every key.
    """
    return _weights(q, k, mask) @ v


def attention_backward(dout, q, k, v, mask=None):
    """Gradients of scaled dot-product attention with respect to queries, keys and values.

    dout (..., Tq, M), q (..., Tq, d), k (..., Tk, d), v (..., Tk, M), mask (..., Tq, Tk) -> dq, dk, dv

    The forward is out = softmax(q·kᵀ / √d)·v, masked as in scaled_dot_product_attention; dout is the gradient of the
    loss in out. Each gradient has the shape of its input. A query that may attend to nothing has gradient zero and
    passes none on.
    """
    weights = _weights(q, k, mask)
    dv = weights.swapaxes(-1, -2) @ dout
    dweights = dout @ v.swapaxes(-1, -2)
    dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
    dproducts = dscores / np.sqrt(q.shape[-1])
    dq = dproducts @ k
    dk = dproducts.swapaxes(-1, -2) @ q
    return dq, dk, dv


def causal_mask(T):
    """The causal mask: a token may attend to itself and to earlier tokens.

    T -> mask (T, T)

    Boolean; row t is for query t, column s for key s, and True means "may attend".
    """
    return np.tril(np.ones((T, T), dtype=bool))


def padding_mask(lengths, T):
    """The padding mask: the first `lengths[n]` tokens of sequence n are real.

    lengths (N,), T -> mask (N, 1, T)

    Boolean, True means "may attend". Lengths are integers from 0 to T. The axis of length 1 stands for the queries:
    the mask broadcasts to scores of shape (N, Tq, T).
    """
    return np.arange(T) < lengths[:, None, None]


def additive_attention(query, keys, values, Wq, Wk, v):
    """Bahdanau's soft attention: a small network compares the query with each key.

    query (N, Dq), keys (N, T, Dk), values (N, T, dv), Wq (Dq, A), Wk (Dk, A), v (A,) -> context (N, dv), weights (N, T)

    score[n, t] = v · tanh(query[n]·Wq + keys[n, t]·Wk), not scaled. The weights are the softmax of the scores over t,
    and the context is the sum of the values under these weights.
    """
    hidden = np.tanh((query @ Wq)[:, None, :] + keys @ Wk)
    scores = hidden @ v
    weights = softmax(scores)
    context = (weights[:, None, :] @ values)[:, 0, :]
    return context, weights


def local_attention(query, keys, values, center, window):
    """Luong's local attention: attend only near a position, and less with distance.

    query (N, D), keys (N, T, D), values (N, T, dv), center (N,), window -> context (N, dv), weights (N, T)

    Scores are dot products, not scaled. Weights are the softmax over the positions t with |t − center| ≤ window, times
    exp(−(t − center)² / (2σ²)) with σ = window/2; they are not normalised again, and zero outside the window. Centers
    are floats, window is a positive number, and every window holds at least one position. The context is the sum of
    the values under the weights.
    """
    scores = (keys @ query[:, :, None])[..., 0]
    distance = np.arange(keys.shape[1]) - center[:, None]
    inside = np.abs(distance) <= window
    sigma = window / 2
    near = np.exp(-(distance**2) / (2 * sigma**2))
    weights = softmax(np.where(inside, scores, -np.inf)) * near
    context = (weights[:, None, :] @ values)[:, 0, :]
    return context, weights


def hard_attention(scores, values, rng):
    """Hard attention: attend to one value, drawn at random with the softmax of the scores.

    scores (N, T), values (N, T, dv), rng -> context (N, dv), index (N,)

    Draw u = rng.random(N), one number for each row. A row's index is the first whose cumulative probability exceeds
    the row's u; the last index if none does. The context is the value at that index.
    """
    u = rng.random(len(scores))
    exceeds = softmax(scores).cumsum(axis=-1) > u[:, None]
    exceeds[:, -1] = True  # the probabilities may add up to a little less than one
    index = exceeds.argmax(axis=-1)
    context = values[np.arange(len(values)), index]
    return context, index


def self_attention(x, Wq, Wk, Wv, mask=None):
    """Every token attends to the tokens of its own sequence.

    x (N, T, D), Wq (D, d), Wk (D, d), Wv (D, dv), mask (N, T, T) -> out (N, T, dv)

    Queries, keys and values are x·Wq, x·Wk and x·Wv; then scaled dot-product attention. The mask broadcasts to the
    scores: (T, T), (N, 1, T) or (N, T, T). A token that may attend to nothing gets zeros.
    """
    return scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, mask)


def _split_heads(x, num_heads):
    """(N, T, heads · d) -> (N, heads, T, d)."""
    N, T, width = x.shape
    return x.reshape(N, T, num_heads, width // num_heads).transpose(0, 2, 1, 3)


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads, mask=None):
    """Multi-head attention: several attentions in parallel, each with its own part of the projections.

    x (N, T, D), Wq (D, A), Wk (D, A), Wv (D, E), Wo (E, M), num_heads, mask (N, T, T) -> out (N, T, M)

    Head h has the h-th of num_heads consecutive blocks of columns of Wq, Wk and Wv, so that its queries have length
    d = A/num_heads; it is scaled dot-product attention with this d. The heads' outputs are joined side by side in the
    same order and multiplied by Wo. The mask, (T, T), (N, 1, T) or (N, T, T), is the same for all heads.
    """
    q, k, v = (_split_heads(x @ W, num_heads) for W in (Wq, Wk, Wv))
    if mask is not None:
        mask = mask[..., None, :, :]
    heads = scaled_dot_product_attention(q, k, v, mask)
    joined = heads.transpose(0, 2, 1, 3).reshape(*x.shape[:2], Wv.shape[1])
    return joined @ Wo


def positional_encoding(T, D):
    """Sinusoidal positional encoding: waves of many frequencies that encode the position of a token.

    T, D -> encoding (T, D)

    encoding[t, 2i] = sin(t / 10000^(2i/D)) and encoding[t, 2i+1] = cos(t / 10000^(2i/D)), positions from 0; D is even.
    """
    position = np.arange(T)[:, None]
    angle = position / 10000.0 ** (np.arange(0, D, 2) / D)
    encoding = np.zeros((T, D))
    encoding[:, 0::2] = np.sin(angle)
    encoding[:, 1::2] = np.cos(angle)
    return encoding


def rotary_embedding(x, base=10000.0):
    """Rotary embedding: rotate each pair of a token's features by an angle proportional to its position.

    x (..., T, D) -> out (..., T, D)

    Pair i is (a, b) = (x[2i], x[2i+1]); at position t it becomes (a·cos θ − b·sin θ, a·sin θ + b·cos θ) with
    θ = t · base^(−2i/D). Positions are 0 to T−1 along the last axis but one; D is even.
    """
    T, D = x.shape[-2:]
    angle = np.arange(T)[:, None] * base ** (-np.arange(0, D, 2) / D)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    out = np.empty_like(x)
    out[..., 0::2] = a * cos - b * sin
    out[..., 1::2] = a * sin + b * cos
    return out


def _positive(x):
    """elu(x) + 1, which is positive everywhere: x + 1 above 0, exp(x) below."""
    return np.where(x > 0, x + 1.0, np.exp(np.minimum(x, 0.0)))


def linear_attention(q, k, v):
    """Causal attention without a softmax, which needs only sums that grow from token to token.

    q (..., T, d), k (..., T, d), v (..., T, dv) -> out (..., T, dv)

    The weight of token s ≤ t is φ(q_t)·φ(k_s) over the sum of these for all s ≤ t, where φ(z) = elu(z) + 1, entry by entry:
    z + 1 above 0, exp(z) below. There is no scale, and nothing is added to the sum. Entries of q and k lie within
    ±30. The batch and heads, if any, are the leading axes.
    """
    q, k = _positive(q), _positive(k)
    memory = np.cumsum(k[..., :, None] * v[..., None, :], axis=-3)
    total = np.cumsum(k, axis=-2)
    return (q[..., None, :] @ memory)[..., 0, :] / (q * total).sum(axis=-1, keepdims=True)


class MultiHeadAttention(nn.Module):
    """Multi-head attention with its own weights, as a PyTorch module.

    `query`, `key`, `value` and `out` are nn.Linear(dim, dim) with bias. Head h has the h-th of `heads` consecutive
    blocks of features. There is no dropout.
    """

    def __init__(self, dim, heads):
        """`heads` divides `dim`."""
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x, context=None, mask=None):
        """x (N, Tq, dim), context (N, Tk, dim), mask -> out (N, Tq, dim)

        Queries come from x; keys and values from the context, or from x where there is none. The mask, (Tq, Tk),
        (N, 1, Tk) or (N, Tq, Tk), is True where a query may attend. For a query that may attend to nothing, the input of
        `out` is zero, and so are its gradients.
        """
        context = x if context is None else context
        q, k, v = self._split(self.query(x)), self._split(self.key(context)), self._split(self.value(context))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if mask is None:
            weights = scores.softmax(-1)
        else:
            mask = mask[..., None, :, :]
            weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) * mask
        return self.out((weights @ v).transpose(1, 2).flatten(2))

    def _split(self, x):
        """(N, T, dim) to (N, heads, T, dim / heads)"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _feed_forward(dim, hidden):
    """The part of a block that thinks about each token alone."""
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim))


class EncoderBlock(nn.Module):
    """One block of a transformer's encoder: self-attention, then a feed-forward network for each token.

    `norm1` and `norm2` are nn.LayerNorm(dim), `attention` is a MultiHeadAttention(dim, heads), and `feed_forward` is
    nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim)). The block is pre-norm: each of its two
    halves reads the normalised tokens, and its output is added to the tokens before the norm. There is no dropout.
    """

    def __init__(self, dim, heads, hidden):
        """`heads` divides `dim`; `hidden` is the width of the feed-forward network."""
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = MultiHeadAttention(dim, heads)
        self.feed_forward = _feed_forward(dim, hidden)

    def forward(self, x, mask=None):
        """x (N, T, dim), mask -> out (N, T, dim)

        The mask, (T, T), (N, 1, T) or (N, T, T), is the attention's: True where a token may attend.
        """
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.feed_forward(self.norm2(x))


class DecoderBlock(nn.Module):
    """One block of a transformer's decoder: causal self-attention, cross-attention, then a feed-forward network.

    `norm1`, `norm2` and `norm3` are nn.LayerNorm(dim), `self_attention` and `cross_attention` are
    MultiHeadAttention(dim, heads), and `feed_forward` is nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(),
    nn.Linear(hidden, dim)). The block is pre-norm: its three parts, in this order, each read the tokens through the norm
    of their number, and their output is added to the tokens before the norm. The memory is not normalised. There is no
    dropout.
    """

    def __init__(self, dim, heads, hidden):
        """`heads` divides `dim`; `hidden` is the width of the feed-forward network."""
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim) for _ in range(3))
        self.self_attention, self.cross_attention = (MultiHeadAttention(dim, heads) for _ in range(2))
        self.feed_forward = _feed_forward(dim, hidden)

    def forward(self, x, memory, memory_mask=None):
        """x (N, T, dim), memory (N, S, dim), memory_mask -> out (N, T, dim)

        Self-attention is causal: a token attends to itself and to those before it, and the block makes that mask itself.
        The memory is the encoder's output, and memory_mask, (T, S), (N, 1, S) or (N, T, S), is True where a token may
        attend to it.
        """
        T = x.shape[1]
        past = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        x = x + self.self_attention(self.norm1(x), mask=past)
        x = x + self.cross_attention(self.norm2(x), memory, memory_mask)
        return x + self.feed_forward(self.norm3(x))


def greedy_decode_cached(model, prompt, steps):
    """Greedy decoding with a cache: append the most likely token `steps` times, and read no token twice.

    model, prompt (N, T), steps -> tokens (N, T + steps)

    `logits, cache = model(tokens, cache)` reads new tokens (N, new), int64, after those that the cache remembers, and
    returns logits (N, new, V), row t for the token that comes after the t-th of the new ones, and a cache that
    remembers the new ones, too. The first cache is None. tokens are the prompt and the written tokens, int64. In total
    the model may be fed the prompt once and each written token once; steps is at least 1.
    """
    tokens, new, cache = prompt, prompt, None
    for _ in range(steps):
        logits, cache = model(new, cache)
        new = logits[:, -1:].argmax(dim=-1)
        tokens = torch.cat([tokens, new], dim=1)
    return tokens
