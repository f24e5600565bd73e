"""Language models: from bytes to the next token.

A text is bytes, and a tokenizer makes tokens of them. A stack of blocks lets the tokens look back at one another, and says
how likely each token is to come next. This unit writes the parts of today's models: the tokenizer, the norm, the gated
network, the positions, the attention and the sampler.

Ids are Python ints in lists. Masks are boolean; True means "may attend". The functions are written in NumPy, the module at
the end in PyTorch, and so is what is trained.
"""

from collections import Counter
from itertools import pairwise

import numpy as np
import torch
from torch import nn


def softmax(x):
    """Softmax over the last axis; a row of nothing but -inf gives zeros."""
    top = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


# From bytes to tokens


def _bpe_merged(ids, pair, new):
    """The ids in which `new` stands wherever the pair stood: from left to right, and without overlap."""
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def bpe_train(ids, num_merges):
    """Learn a tokenizer from a text: again and again, make one new token of the most frequent pair of neighbours.

    ids, num_merges -> merges

    ids is a list of bytes, 0 to 255, at least one. Each round counts every place where two neighbours stand (a a a holds
    the pair (a, a) twice), takes the most frequent pair, and writes the next new id, 256, 257, …, wherever it stands, from
    left to right and without overlap. Of several pairs that are as frequent, the smallest is taken: by a, then by b. A
    pair that occurs once is merged, too; when fewer than two ids are left there is nothing to merge, and the list ends
    early. merges is a list with [a, b, new] for each round; num_merges may be 0.
    """
    merges = []
    for new in range(256, 256 + num_merges):
        counts = Counter(pairwise(ids))
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append([*pair, new])
        ids = _bpe_merged(ids, pair, new)
    return merges


def bpe_encode(ids, merges):
    """Cut a text into tokens: redo the merges that training made, the earliest first.

    ids, merges -> tokens

    ids is a list of bytes, 0 to 255, at least one. merges is a list of [a, b, new] as bpe_train returns it: entry i makes
    256 + i of two smaller ids, and no pair stands in it twice; it need not come from this text. Of all neighbours that
    are a pair of merges, the pair that stands first in merges is replaced, at all its places from left to right; then
    the neighbours are new ones, and it begins again until no pair of merges is left. tokens is a list of ids.
    """
    new = {(a, b): new for a, b, new in merges}
    while known := new.keys() & pairwise(ids):
        pair = min(known, key=new.get)
        ids = _bpe_merged(ids, pair, new[pair])
    return ids


def bpe_decode(ids, merges):
    """Turn tokens back into bytes: each token is the two that it was made of, and so on down to bytes.

    ids, merges -> data

    ids is a list of ids below 256 + len(merges), at least one; merges is a list of [a, b, new], in which entry i makes
    256 + i of two smaller ids. data is a list of ints from 0 to 255, and no bytes object or text: a token may be half a
    character.
    """
    tokens = [[byte] for byte in range(256)]
    for a, b, _ in merges:
        tokens.append(tokens[a] + tokens[b])
    return [byte for i in ids for byte in tokens[i]]


# The norm and the gated network


def rms_norm(x, gamma, eps=1e-6):
    """RMS norm: divide each token by its root mean square, and scale each feature.

    x (..., D), gamma (D,) -> out (..., D)

    out = gamma · x / √(mean of x² + eps), the mean over the token's D features; eps stands under the root. No mean is
    subtracted from x, and nothing is added to it.
    """
    return gamma * x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)


def rms_norm_backward(dout, x, gamma, eps=1e-6):
    """Gradients of the RMS norm with respect to the tokens and the scale.

    dout (..., D), x (..., D), gamma (D,) -> dx, dgamma

    The forward is out = gamma · x / √(mean of x² + eps), the mean over the last axis; dout is the gradient of the loss in
    out. dx has the shape of x. dgamma has shape (D,): all tokens are scaled by the same gamma, and what comes back from
    them is summed over all leading axes.
    """
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    normed = x / rms
    dnormed = gamma * dout
    dx = (dnormed - normed * np.mean(dnormed * normed, axis=-1, keepdims=True)) / rms
    dgamma = np.sum(dout * normed, axis=tuple(range(x.ndim - 1)))
    return dx, dgamma


def _sigmoid(z):
    """The sigmoid, which does not overflow."""
    return np.exp(-np.logaddexp(0.0, -z))


def swiglu(x, W_gate, W_up, W_down):
    """The network inside a block: one branch is a gate for the other, feature by feature.

    x (..., D), W_gate (D, H), W_up (D, H), W_down (H, D) -> out (..., D)

    out = (silu(x·W_gate) ⊙ (x·W_up))·W_down, where silu(z) = z·σ(z), σ is the sigmoid and ⊙ the product entry by entry.
    There are no biases. x is (N, D) or (N, T, D); what goes through the gate may be as large as ±1000.
    """
    gate, up = x @ W_gate, x @ W_up
    hidden = gate * _sigmoid(gate) * up
    return hidden @ W_down


def swiglu_backward(dout, x, W_gate, W_up, W_down):
    """Gradients of the gated network with respect to the tokens and the three matrices.

    dout (..., D), x (..., D), W_gate (D, H), W_up (D, H), W_down (H, D) -> dx, dW_gate, dW_up, dW_down

    The forward is out = (silu(x·W_gate) ⊙ (x·W_up))·W_down with silu(z) = z·σ(z); dout is the gradient of the loss in
    out. Each gradient has the shape of its input; those of the matrices are summed over all tokens. x is (N, D) or
    (N, T, D); what goes through the gate may be as large as ±1000.
    """
    gate, up = x @ W_gate, x @ W_up
    opened = _sigmoid(gate)
    silu = gate * opened
    slope = opened * (1 + gate * (1 - opened))
    dhidden = dout @ W_down.T
    dgate, dup = dhidden * up * slope, dhidden * silu
    dx = dgate @ W_gate.T + dup @ W_up.T
    dW_gate, dW_up = _over_tokens(x, dgate), _over_tokens(x, dup)
    dW_down = _over_tokens(silu * up, dout)
    return dx, dW_gate, dW_up, dW_down


def _over_tokens(before, after):
    """The gradient of a matrix between two layers: what went in times what comes back, summed over all tokens."""
    return before.reshape(-1, before.shape[-1]).T @ after.reshape(-1, after.shape[-1])


# Attention, as language models have it


def rotary_at(x, positions, base=10000.0):
    """Rotary embedding at given positions: turn each token's pairs of features by angles that grow with its position.

    x (..., T, D), positions (T,) -> out (..., T, D)

    Pair i is (x[i], x[i + D/2]), i = 0, …, D/2 − 1: the first half of the features with the second, as in Llama, and not
    neighbours as in rotary_embedding. Token t turns it by the angle θ = positions[t] · base^(−2i/D): out[i] =
    x[i]·cos θ − x[i + D/2]·sin θ and out[i + D/2] = x[i]·sin θ + x[i + D/2]·cos θ. Positions are integers or floats from
    0, in any order, and one may come twice; D is even.
    """
    D = x.shape[-1]
    angle = positions[:, None] * base ** (-np.arange(0, D, 2) / D)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., : D // 2], x[..., D // 2 :]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def grouped_query_attention(q, k, v, mask=None):
    """Attention in which several query heads share the keys and values of one head.

    q (N, Hq, T, d), k (N, Hkv, S, d), v (N, Hkv, S, dv), mask (N, T, S) -> out (N, Hq, T, dv)

    Hq is a multiple of Hkv, and query head h uses the keys and values of head h // (Hq/Hkv): the first Hq/Hkv query heads
    share the first, and so on. In each head it is scaled dot-product attention, softmax(q·kᵀ / √d)·v. The mask, (T, S),
    (N, 1, S) or (N, T, S), is the same for all heads, and True means "may attend"; a query that may attend to nothing
    gets zeros.
    """
    shared = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask[..., None, :, :], scores, -np.inf)
    return softmax(scores) @ v


def sliding_window_mask(T, window):
    """The causal mask with a limited memory: a token may attend to itself and to the window − 1 tokens before it.

    T, window -> mask (T, T)

    Boolean; row t is for query t, column s for key s, and True means "may attend": where t − window < s ≤ t. The window
    is at least 1, and may be larger than T.
    """
    back = np.arange(T)[:, None] - np.arange(T)
    return (back >= 0) & (back < window)


def flash_attention(q, k, v, block):
    """Exact attention that reads the keys in blocks, and never holds all T·S scores.

    q (..., T, d), k (..., S, d), v (..., S, dv), block -> out (..., T, dv), log_sum_exp (..., T)

    out = softmax(q·kᵀ / √d)·v, and log_sum_exp[..., t] = log Σ_s exp(score of t and s), which training keeps for the way
    back. There is no mask. The keys are read `block` at a time, at least one; S need not be a multiple of it, and may be
    smaller. After each block three things are known for every query: the largest score so far, the sum of exp(score −
    largest), and that sum with the values in it. Where the largest score rises, both sums shrink by the same factor. At any
    time, what is made on the way is less than half of T·S floats. Scores rise and fall between ±1000.
    """
    top = np.full(q.shape[:-1], -np.inf)
    total = np.zeros(q.shape[:-1])
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for start in range(0, k.shape[-2], block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        scores = q @ keys.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        higher = np.maximum(top, scores.max(axis=-1))
        fade = np.exp(top - higher)
        weights = np.exp(scores - higher[..., None])
        total = fade * total + weights.sum(axis=-1)
        out = fade[..., None] * out + weights @ values
        top = higher
    return out / total[..., None], top + np.log(total)


def cached_attention(q, k, v, cache):
    """Causal attention for the tokens that are new, with the keys and values of all earlier ones from a cache.

    q (N, new, d), k (N, new, d), v (N, new, dv), cache -> out (N, new, dv), cache (K, V)

    The cache is None at the start, and then the pair (K (N, past, d), V (N, past, dv)) of all tokens so far. It comes back
    with the new keys and values at its end, as new arrays: the pair that came in is not changed. A new token attends to
    the whole cache and to the new tokens up to itself: softmax(q·Kᵀ / √d)·V over these.
    """
    if cache is not None:
        k, v = np.concatenate([cache[0], k], axis=1), np.concatenate([cache[1], v], axis=1)
    new, known = q.shape[1], k.shape[1]
    seen = np.tri(new, known, known - new, dtype=bool)
    scores = np.where(seen, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), -np.inf)
    return softmax(scores) @ v, (k, v)


# A mixture of experts


def moe_route(logits, k):
    """Send each token to its k best experts, and say how much each of them counts.

    logits (T, E), k -> weights (T, k), experts (T, k)

    experts[t] are the experts of the k largest logits of token t, the largest first. weights[t, j] belongs to
    experts[t, j]; a token's weights are the softmax over its k kept logits alone, so that they add up to 1. k is from 1
    to E, the logits of a token differ from one another, and may be as large as ±1000.
    """
    experts = np.argsort(-logits, axis=-1)[:, :k]
    weights = softmax(np.take_along_axis(logits, experts, axis=-1))
    return weights, experts


def load_balancing_loss(logits, k):
    """How unevenly a router spreads the tokens over the experts: 1 if all get as much, up to E if one gets all.

    logits (T, E), k -> loss

    loss = E · Σ_i f_i P_i. f_i is the share of expert i: how often it is among a token's k best, divided by T·k. P_i is
    its probability, the mean over all T tokens of the softmax over all E logits. The logits of a token differ from one
    another, and may be as large as ±1000.
    """
    T, E = logits.shape
    experts = np.argsort(-logits, axis=-1)[:, :k]
    share = np.bincount(experts.ravel(), minlength=E) / (T * k)
    probability = softmax(logits).mean(axis=0)
    return E * np.sum(share * probability)


# From logits to the next token


def filter_top_p(logits, p):
    """Nucleus sampling: keep the likeliest tokens, as few as make up the probability p, and remove the others.

    logits (N, V), p -> filtered (N, V)

    In each row, the tokens are taken from the likeliest down, until their probabilities, by the softmax of the whole row,
    add up to at least p; the token at which the sum reaches p is kept, so that at least one is. Logits of kept tokens
    stay as they are, and at their places; those of the others become -inf. p lies between 0 and 1.
    """
    order = np.argsort(-logits, axis=-1)
    chances = np.take_along_axis(softmax(logits), order, axis=-1)
    before = np.cumsum(chances, axis=-1) - chances
    kept = np.zeros(logits.shape, dtype=bool)
    np.put_along_axis(kept, order, before < p, axis=-1)
    return np.where(kept, logits, -np.inf)


def _accept_drawn(chances, v):
    """The first index whose cumulative probability exceeds v; if none does, the last."""
    exceeds = np.cumsum(chances) > v
    exceeds[-1] = True  # the probabilities may add up to a little less than one
    return int(np.argmax(exceeds))


def speculative_accept(p, q, drafted, u, v):
    """Speculative decoding: judge the tokens that a small model drafted, so that what is written is the large one's.

    p (K + 1, V), q (K, V), drafted (K,), u (K,), v -> accepted, token

    Row i of q are the probabilities from which the small model drew drafted[i], and row i of p are the large model's for
    the same place; p has one row more, for the place after the last draft. Draft i, the token x = drafted[i], is accepted
    while u[i] < min(1, p[i, x]/q[i, x]); what comes after the first refusal counts no more. After a refusal at i the next
    token is drawn from max(p[i] − q[i], 0), divided by its sum; if none is refused, from the last row of p. Drawn means:
    the first index whose cumulative probability exceeds v, and if none does, the last. u and v are uniform in [0, 1).

    accepted is the number of drafts that were accepted, and token is the next one; both are ints.
    """
    for i, x in enumerate(drafted):
        if u[i] >= min(1.0, p[i, x] / q[i, x]):
            left = np.maximum(p[i] - q[i], 0.0)
            return i, _accept_drawn(left / left.sum(), v)
    return len(drafted), _accept_drawn(p[-1], v)


# A block, as a PyTorch module


def _block_turned(x, positions, base=10000.0):
    """rotary_at for tensors: x (N, heads, T, d), positions (T,); feature i is turned with feature i + d/2."""
    d = x.shape[-1]
    frequency = base ** (-torch.arange(0, d, 2, dtype=torch.float64, device=x.device) / d)
    angle = positions[:, None] * frequency  # in double precision, as positions may be in the thousands
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class CausalBlock(nn.Module):
    """One block of a language model: causal attention with grouped, turned heads, then a gated network for each token.

    `norm1` and `norm2` are RMS norms with a weight (dim,) and eps 1e-6. `query` and `out` are nn.Linear(dim, dim), `key` and
    `value` nn.Linear(dim, kv_heads · dim / heads), `gate` and `up` nn.Linear(dim, hidden), and `down` nn.Linear(hidden,
    dim), all without bias. There are no other parameters, and no dropout. The block is pre-norm: each of its two halves
    reads the normalised tokens, and its output is added to the tokens before the norm.
    """

    def __init__(self, dim, heads, kv_heads, hidden):
        """`heads` is a multiple of `kv_heads`, and dim / heads is even; `hidden` is the width inside the gated network."""
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        shared_dim = kv_heads * dim // heads
        self.norm1, self.norm2 = (nn.RMSNorm(dim, eps=1e-6) for _ in range(2))
        self.query, self.out = (nn.Linear(dim, dim, bias=False) for _ in range(2))
        self.key, self.value = (nn.Linear(dim, shared_dim, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(dim, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x, positions):
        """x (N, T, dim), positions (T,) -> out (N, T, dim)

        First x + out(attention(norm1(x))), then, of this x, x + down(silu(gate(norm2(x))) ⊙ up(norm2(x))). Head h has the
        h-th of `heads` consecutive blocks of features, and the keys and values of head h // (heads / kv_heads); queries
        and keys, not values, are turned head by head as in rotary_at, base 10000. Positions are integers below 4096, and
        need not begin at 0. Token t attends to the tokens 0 to t, by their order in x; scores are divided by the root
        of dim / heads.
        """
        x = x + self.out(self._attention(self.norm1(x), positions))
        normed = self.norm2(x)
        return x + self.down(nn.functional.silu(self.gate(normed)) * self.up(normed))

    def _attention(self, x, positions):
        """What each token finds in itself and the tokens before it, the heads side by side: (N, T, dim)."""
        q = _block_turned(self._split(self.query(x), self.heads), positions)
        k = _block_turned(self._split(self.key(x), self.kv_heads), positions)
        v = self._split(self.value(x), self.kv_heads)
        shared = self.heads // self.kv_heads
        k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        past = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        weights = scores.masked_fill(~past, -torch.inf).softmax(dim=-1)
        return (weights @ v).transpose(1, 2).flatten(2)

    def _split(self, x, heads):
        """(N, T, heads · d) to (N, heads, T, d)"""
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)
