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


def scaled_dot_product_attention(q, k, v, mask=None):
    """Mix the values, each query weighting them by how well it matches their keys.

    q (..., Tq, d), k (..., Tk, d), v (..., Tk, dv), mask (..., Tq, Tk) -> out (..., Tq, dv)

    out = softmax(q·kᵀ / √d)·v, the softmax over the keys. A position where the mask is False gets weight 0; a query
    that may attend to nothing gets zeros. The mask broadcasts to the scores, so that (Tq, Tk) and (N, 1, Tk) will do;
    without a mask, every query attends to every key.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def attention_backward(dout, q, k, v, mask=None):
    """Gradients of scaled dot-product attention with respect to queries, keys and values.

    dout (..., Tq, M), q (..., Tq, d), k (..., Tk, d), v (..., Tk, M), mask (..., Tq, Tk) -> dq, dk, dv

    The forward is out = softmax(q·kᵀ / √d)·v, masked as in scaled_dot_product_attention; dout is the gradient of the
    loss in out. Each gradient has the shape of its input. A query that may attend to nothing has gradient zero and
    passes none on.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def causal_mask(T):
    """The causal mask: a token may attend to itself and to earlier tokens.

    T -> mask (T, T)

    Boolean; row t is for query t, column s for key s, and True means "may attend".
    """
    # YOUR CODE HERE
    raise NotImplementedError


def padding_mask(lengths, T):
    """The padding mask: the first `lengths[n]` tokens of sequence n are real.

    lengths (N,), T -> mask (N, 1, T)

    Boolean, True means "may attend". Lengths are integers from 0 to T. The axis of length 1 stands for the queries:
    the mask broadcasts to scores of shape (N, Tq, T).
    """
    # YOUR CODE HERE
    raise NotImplementedError


def additive_attention(query, keys, values, Wq, Wk, v):
    """Bahdanau's soft attention: a small network compares the query with each key.

    query (N, Dq), keys (N, T, Dk), values (N, T, dv), Wq (Dq, A), Wk (Dk, A), v (A,) -> context (N, dv), weights (N, T)

    score[n, t] = v · tanh(query[n]·Wq + keys[n, t]·Wk), not scaled. The weights are the softmax of the scores over t,
    and the context is the sum of the values under these weights.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def local_attention(query, keys, values, center, window):
    """Luong's local attention: attend only near a position, and less with distance.

    query (N, D), keys (N, T, D), values (N, T, dv), center (N,), window -> context (N, dv), weights (N, T)

    Scores are dot products, not scaled. Weights are the softmax over the positions t with |t − center| ≤ window, times
    exp(−(t − center)² / (2σ²)) with σ = window/2; they are not normalised again, and zero outside the window. Centers
    are floats, window is a positive number, and every window holds at least one position. The context is the sum of
    the values under the weights.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def hard_attention(scores, values, rng):
    """Hard attention: attend to one value, drawn at random with the softmax of the scores.

    scores (N, T), values (N, T, dv), rng -> context (N, dv), index (N,)

    Draw u = rng.random(N), one number for each row. A row's index is the first whose cumulative probability exceeds
    the row's u; the last index if none does. The context is the value at that index.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def self_attention(x, Wq, Wk, Wv, mask=None):
    """Every token attends to the tokens of its own sequence.

    x (N, T, D), Wq (D, d), Wk (D, d), Wv (D, dv), mask (N, T, T) -> out (N, T, dv)

    Queries, keys and values are x·Wq, x·Wk and x·Wv; then scaled dot-product attention. The mask broadcasts to the
    scores: (T, T), (N, 1, T) or (N, T, T). A token that may attend to nothing gets zeros.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads, mask=None):
    """Multi-head attention: several attentions in parallel, each with its own part of the projections.

    x (N, T, D), Wq (D, A), Wk (D, A), Wv (D, E), Wo (E, M), num_heads, mask (N, T, T) -> out (N, T, M)

    Head h has the h-th of num_heads consecutive blocks of columns of Wq, Wk and Wv, so that its queries have length
    d = A/num_heads; it is scaled dot-product attention with this d. The heads' outputs are joined side by side in the
    same order and multiplied by Wo. The mask, (T, T), (N, 1, T) or (N, T, T), is the same for all heads.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def positional_encoding(T, D):
    """Sinusoidal positional encoding: waves of many frequencies that encode the position of a token.

    T, D -> encoding (T, D)

    encoding[t, 2i] = sin(t / 10000^(2i/D)) and encoding[t, 2i+1] = cos(t / 10000^(2i/D)), positions from 0; D is even.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def rotary_embedding(x, base=10000.0):
    """Rotary embedding: rotate each pair of a token's features by an angle proportional to its position.

    x (..., T, D) -> out (..., T, D)

    Pair i is (a, b) = (x[2i], x[2i+1]); at position t it becomes (a·cos θ − b·sin θ, a·sin θ + b·cos θ) with
    θ = t · base^(−2i/D). Positions are 0 to T−1 along the last axis but one; D is even.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def linear_attention(q, k, v):
    """Causal attention without a softmax, which needs only sums that grow from token to token.

    q (..., T, d), k (..., T, d), v (..., T, dv) -> out (..., T, dv)

    The weight of token s ≤ t is φ(q_t)·φ(k_s) over the sum of these for all s ≤ t, where φ(z) = elu(z) + 1, entry by entry:
    z + 1 above 0, exp(z) below. There is no scale, and nothing is added to the sum. Entries of q and k lie within
    ±30. The batch and heads, if any, are the leading axes.
    """
    # YOUR CODE HERE
    raise NotImplementedError


class MultiHeadAttention(nn.Module):
    """Multi-head attention with its own weights, as a PyTorch module.

    `query`, `key`, `value` and `out` are nn.Linear(dim, dim) with bias. Head h has the h-th of `heads` consecutive
    blocks of features. There is no dropout.
    """

    def __init__(self, dim, heads):
        """`heads` divides `dim`."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x, context=None, mask=None):
        """x (N, Tq, dim), context (N, Tk, dim), mask -> out (N, Tq, dim)

        Queries come from x; keys and values from the context, or from x where there is none. The mask, (Tq, Tk),
        (N, 1, Tk) or (N, Tq, Tk), is True where a query may attend. For a query that may attend to nothing, the input of
        `out` is zero, and so are its gradients.
        """
        # YOUR CODE HERE
        raise NotImplementedError


class EncoderBlock(nn.Module):
    """One block of a transformer's encoder: self-attention, then a feed-forward network for each token.

    `norm1` and `norm2` are nn.LayerNorm(dim), `attention` is a MultiHeadAttention(dim, heads), and `feed_forward` is
    nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim)). The block is pre-norm: each of its two
    halves reads the normalised tokens, and its output is added to the tokens before the norm. There is no dropout.
    """

    def __init__(self, dim, heads, hidden):
        """`heads` divides `dim`; `hidden` is the width of the feed-forward network."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x, mask=None):
        """x (N, T, dim), mask -> out (N, T, dim)

        The mask, (T, T), (N, 1, T) or (N, T, T), is the attention's: True where a token may attend.
        """
        # YOUR CODE HERE
        raise NotImplementedError


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
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x, memory, memory_mask=None):
        """x (N, T, dim), memory (N, S, dim), memory_mask -> out (N, T, dim)

        Self-attention is causal: a token attends to itself and to those before it, and the block makes that mask itself.
        The memory is the encoder's output, and memory_mask, (T, S), (N, 1, S) or (N, T, S), is True where a token may
        attend to it.
        """
        # YOUR CODE HERE
        raise NotImplementedError


def greedy_decode_cached(model, prompt, steps):
    """Greedy decoding with a cache: append the most likely token `steps` times, and read no token twice.

    model, prompt (N, T), steps -> tokens (N, T + steps)

    `logits, cache = model(tokens, cache)` reads new tokens (N, new), int64, after those that the cache remembers, and
    returns logits (N, new, V), row t for the token that comes after the t-th of the new ones, and a cache that
    remembers the new ones, too. The first cache is None. tokens are the prompt and the written tokens, int64. In total
    the model may be fed the prompt once and each written token once; steps is at least 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError
