"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math

import numpy as np
import torch
from torch import nn

LOWEST = -1e300  # stands for minus infinity, and leaves no nan behind


def softmax_of_some(scores, allowed):
    """Softmax over the last axis among the allowed entries; zeros where there are none."""
    top = scores.max(-1, keepdims=True, where=allowed, initial=LOWEST)
    e = np.where(allowed, np.exp(np.minimum(scores - top, 0.0)), 0.0)
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


def everything(mask, shape):
    return np.ones(shape, bool) if mask is None else np.broadcast_to(mask, shape)


def scaled_dot_product_attention__einsum_and_finite_minus(q, k, v, mask=None):
    scores = np.einsum("...td,...sd->...ts", q * q.shape[-1] ** -0.5, k)
    weights = softmax_of_some(scores, everything(mask, scores.shape))
    return np.einsum("...ts,...sv->...tv", weights, v)


def scaled_dot_product_attention__one_query_at_a_time(q, k, v, mask=None):
    allowed = everything(mask, (*q.shape[:-1], k.shape[-2]))
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for *lead, t in np.ndindex(*q.shape[:-1]):
        here = tuple(lead)
        seen = [s for s in range(k.shape[-2]) if allowed[(*here, t, s)]]
        scores = [
            sum(a * b for a, b in zip(q[(*here, t)], k[(*here, s)], strict=True)) / math.sqrt(q.shape[-1]) for s in seen
        ]
        parts = [math.exp(score - max(scores)) for score in scores]
        for part, s in zip(parts, seen, strict=True):
            out[(*here, t)] += part / sum(parts) * v[(*here, s)]
    return out


def attention_backward__whole_jacobian(dout, q, k, v, mask=None):
    scale = 1 / math.sqrt(q.shape[-1])
    scores = np.einsum("...td,...sd->...ts", q, k) * scale
    p = softmax_of_some(scores, everything(mask, scores.shape))
    jacobian = np.einsum("...ts,su->...tsu", p, np.eye(p.shape[-1])) - np.einsum("...ts,...tu->...tsu", p, p)
    dscores = np.einsum("...tm,...um,...tsu->...ts", dout, v, jacobian)
    dq = np.einsum("...ts,...sd->...td", dscores, k) * scale
    dk = np.einsum("...ts,...td->...sd", dscores, q) * scale
    return dq, dk, np.einsum("...ts,...tm->...sm", p, dout)


def attention_backward__through_the_output(dout, q, k, v, mask=None):
    """The weighted mean of the weights' gradients is dout · out, which needs no row of weights."""
    q = q / math.sqrt(q.shape[-1])
    scores = q @ np.swapaxes(k, -1, -2)
    p = softmax_of_some(scores, everything(mask, scores.shape))
    mean = np.sum(dout * (p @ v), axis=-1, keepdims=True)
    dscores = p * (dout @ np.swapaxes(v, -1, -2) - mean)
    dq = dscores @ k / math.sqrt(q.shape[-1])
    return [dq, np.swapaxes(dscores, -1, -2) @ q, np.swapaxes(p, -1, -2) @ dout]


def causal_mask__comparing_positions(T):
    position = np.arange(T)
    return position[:, None] >= position


def causal_mask__loops(T):
    mask = np.zeros((T, T), dtype=bool)
    for t in range(T):
        mask[t, : t + 1] = True
    return mask


def padding_mask__row_by_row(lengths, T):
    mask = np.full((len(lengths), 1, T), False)
    for n, length in enumerate(lengths):
        mask[n, 0, :length] = True
    return mask


def additive_attention__loops(query, keys, values, Wq, Wk, v):
    context, weights = np.zeros((len(query), values.shape[2])), np.zeros(keys.shape[:2])
    for n in range(len(query)):
        scores = np.array([v @ np.tanh(Wq.T @ query[n] + Wk.T @ key) for key in keys[n]])
        e = np.exp(scores - scores.max())
        weights[n] = e / e.sum()
        context[n] = weights[n] @ values[n]
    return context, weights


def additive_attention__log_softmax(query, keys, values, Wq, Wk, v):
    scores = np.einsum(
        "nta,a->nt", np.tanh(np.einsum("nd,da->na", query, Wq)[:, None] + np.einsum("ntd,da->nta", keys, Wk)), v
    )
    weights = np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])
    return np.einsum("nt,ntv->nv", weights, values), weights


def local_attention__slices(query, keys, values, center, window):
    N, T = keys.shape[:2]
    context, weights = np.zeros((N, values.shape[-1])), np.zeros((N, T))
    for n in range(N):
        start, end = max(0, math.ceil(center[n] - window)), min(T - 1, math.floor(center[n] + window))
        scores = keys[n, start : end + 1] @ query[n]
        e = np.exp(scores - scores.max())
        offset = np.arange(start, end + 1) - center[n]
        weights[n, start : end + 1] = e / e.sum() * np.exp(-2 * (offset / window) ** 2)
        context[n] = weights[n] @ values[n]
    return context, weights


def local_attention__masked_softmax(query, keys, values, center, window):
    offset = np.arange(keys.shape[1])[None] - center.reshape(-1, 1)
    weights = softmax_of_some(np.einsum("nd,ntd->nt", query, keys), abs(offset) <= window)
    weights = weights * np.exp(-0.5 * np.square(offset / (0.5 * window)))
    return np.einsum("nt,ntv->nv", weights, values), weights


def hard_attention__searchsorted(scores, values, rng):
    index = []
    for row in scores:
        e = np.exp(row - row.max())
        cumulative = np.cumsum(e / e.sum())
        index.append(min(np.searchsorted(cumulative, rng.random(), side="right"), len(row) - 1))
    return np.take_along_axis(values, np.reshape(index, (-1, 1, 1)), axis=1)[:, 0], np.array(index, dtype=np.int32)


def hard_attention__choice(scores, values, rng):
    """NumPy's own draw uses one number of the generator for each choice, in this very way."""
    index = [int(rng.choice(len(row), p=np.exp(row - np.logaddexp.reduce(row)))) for row in scores]
    return np.stack([values[n, t] for n, t in enumerate(index)]), np.array(index)


def self_attention__einsum(x, Wq, Wk, Wv, mask=None):
    """The two projections of the scores are one bilinear form."""
    form = Wq @ Wk.T / math.sqrt(Wk.shape[1])
    scores = np.einsum("ntd,de,nse->nts", x, form, x)
    weights = softmax_of_some(scores, everything(mask, scores.shape))
    return np.einsum("nts,nsd->ntd", weights, x) @ Wv


def self_attention__one_token_at_a_time(x, Wq, Wk, Wv, mask=None):
    N, T, _ = x.shape
    allowed = everything(mask, (N, T, T))
    out = np.zeros((N, T, Wv.shape[1]))
    for n, t in np.ndindex(N, T):
        seen = x[n][allowed[n, t]]
        if len(seen):
            scores = (seen @ Wk) @ (x[n, t] @ Wq) / np.sqrt(Wq.shape[1])
            e = np.exp(scores - scores.max())
            out[n, t] = (e / e.sum()) @ (seen @ Wv)
    return out


def multi_head_attention__head_by_head(x, Wq, Wk, Wv, Wo, num_heads, mask=None):
    d, dv = Wq.shape[1] // num_heads, Wv.shape[1] // num_heads
    heads = []
    for h in range(num_heads):
        key_columns, value_columns = slice(h * d, (h + 1) * d), slice(h * dv, (h + 1) * dv)
        scores = (x @ Wq[:, key_columns]) @ (x @ Wk[:, key_columns]).transpose(0, 2, 1) / math.sqrt(d)
        heads.append(softmax_of_some(scores, everything(mask, scores.shape)) @ (x @ Wv[:, value_columns]))
    return np.concatenate(heads, axis=-1) @ Wo


def multi_head_attention__one_einsum(x, Wq, Wk, Wv, Wo, num_heads, mask=None):
    q, k, v = (np.einsum("ntd,dhc->nthc", x, W.reshape(len(W), num_heads, -1)) for W in (Wq, Wk, Wv))
    scores = np.einsum("nthc,nshc->nhts", q, k) / q.shape[-1] ** 0.5
    allowed = np.ones((1, 1, 1), bool) if mask is None else mask.reshape(-1, *mask.shape[-2:])
    weights = softmax_of_some(scores, np.broadcast_to(allowed[:, None], scores.shape))
    return np.einsum("nhts,nshc,hcm->ntm", weights, v, Wo.reshape(num_heads, -1, Wo.shape[1]))


def positional_encoding__exponential_of_logs(T, D):
    frequency = np.exp(np.arange(D // 2) * (-2 * math.log(10000) / D))
    angle = np.outer(np.arange(T), frequency)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(T, D)


def positional_encoding__loops(T, D):
    encoding = np.zeros((T, D))
    for t in range(T):
        for column in range(D):
            angle = t / 10000 ** ((column - column % 2) / D)
            encoding[t, column] = math.cos(angle) if column % 2 else math.sin(angle)
    return encoding


def rotary_embedding__complex(x, base=10000.0):
    T, D = x.shape[-2:]
    turn = np.exp(1j * np.outer(np.arange(T), base ** (-2 * np.arange(D // 2) / D)))
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turn
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)


def rotary_embedding__rotate_and_add(x, base=10000.0):
    """x·cos + rotated(x)·sin, each angle standing at both columns of its pair."""
    T, D = x.shape[-2:]
    angle = np.repeat(np.arange(T)[:, None] / base ** (np.arange(0, D, 2) / D), 2, axis=-1)
    rotated = np.stack([-x[..., 1::2], x[..., 0::2]], axis=-1).reshape(x.shape)
    return x * np.cos(angle) + rotated * np.sin(angle)


def linear_attention__a_table_of_weights(q, k, v):
    q, k = (np.exp(np.minimum(a, 0)) + np.maximum(a, 0) for a in (q, k))
    weights = np.tril(q @ np.swapaxes(k, -1, -2))
    return weights / weights.sum(-1)[..., None] @ v


def linear_attention__token_by_token(q, k, v):
    """As a recurrent network: a matrix and a vector are all that goes from token to token."""
    out = np.empty(v.shape)
    for lead in np.ndindex(q.shape[:-2]):
        state, total = np.zeros((q.shape[-1], v.shape[-1])), np.zeros(q.shape[-1])
        for t in range(q.shape[-2]):
            query, key = (
                np.where(a[(*lead, t)] < 0, np.exp(np.clip(a[(*lead, t)], None, 0)), a[(*lead, t)] + 1) for a in (q, k)
            )
            state = state + np.outer(key, v[(*lead, t)])
            total = total + key
            out[(*lead, t)] = query @ state / (query @ total)
    return out


def linear_attention__a_one_among_the_values(q, k, v):
    """The sum of the weights is the mixture of ones."""
    q, k = (np.where(a > 0, a + 1, np.exp(-np.abs(a))) for a in (q, k))
    joined = np.concatenate([v, np.ones((*v.shape[:-1], 1))], axis=-1)
    mixed = np.einsum("...td,...tde->...te", q, np.einsum("...td,...te->...tde", k, joined).cumsum(-3))
    return mixed[..., :-1] / mixed[..., -1:]


class MultiHeadAttention__einsum(nn.Module):
    """Scores and mixtures by einsum; hidden keys are left out of the sum instead of pushed far down."""

    def __init__(self, dim, heads):
        super().__init__()
        self.h, self.d = heads, dim // heads
        self.out = nn.Linear(dim, dim)
        for name in ("value", "key", "query"):
            setattr(self, name, nn.Linear(dim, dim))

    def forward(self, x, context=None, mask=None):
        memory = context if context is not None else x
        q = self.query(x).view(len(x), -1, self.h, self.d) * self.d**-0.5
        k, v = (f(memory).view(len(x), -1, self.h, self.d) for f in (self.key, self.value))
        scores = torch.einsum("nqhd,nkhd->nhqk", q, k)
        allowed = torch.ones_like(scores, dtype=torch.bool)
        if mask is not None:
            allowed = allowed & (mask[None, None] if mask.dim() == 2 else mask[:, None])
        top = scores.masked_fill(~allowed, -1e9).amax(-1, keepdim=True)
        e = torch.where(allowed, scores - top, torch.zeros_like(scores)).exp() * allowed
        weights = e / e.sum(-1, keepdim=True).clamp(min=1e-9)
        return self.out(torch.einsum("nhqk,nkhd->nqhd", weights, v).reshape(x.shape))


class _Attention(nn.Module):
    """PyTorch's own attention under the names of the table."""

    def __init__(self, dim, heads):
        super().__init__()
        self.query, self.key, self.value, self.out = [nn.Linear(dim, dim) for _ in "qkvo"]
        self.heads = heads

    def forward(self, x, context, mask=None, is_causal=False):
        def heads(y):
            return y.reshape(y.shape[0], y.shape[1], self.heads, -1).permute(0, 2, 1, 3)

        if mask is not None:
            mask = mask.expand(x.shape[0], x.shape[1], context.shape[1]).unsqueeze(1)
        q, k, v = heads(self.query(x)), heads(self.key(context)), heads(self.value(context))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=is_causal)
        return self.out(mixed.permute(0, 2, 1, 3).reshape(x.shape))


class EncoderBlock__torch_attention(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.feed_forward = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, dim))
        self.attention = _Attention(dim, heads)
        for number in (2, 1):
            self.add_module(f"norm{number}", nn.LayerNorm(dim))

    def forward(self, x, mask=None):
        asked = self.norm1(x)
        seen = self.attention(asked, asked, mask) + x
        return seen + self.feed_forward(self.norm2(seen))


class DecoderBlock__torch_attention(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.cross_attention = _Attention(dim, heads)
        self.self_attention = _Attention(dim, heads)
        self.feed_forward = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim))

    def forward(self, x, memory, memory_mask=None):
        y = self.norm1(x)
        x = torch.add(x, self.self_attention(y, y, is_causal=True))
        x = torch.add(x, self.cross_attention(self.norm2(x), memory, memory_mask))
        return torch.add(x, self.feed_forward(self.norm3(x)))


def greedy_decode_cached__one_prompt_at_a_time(model, prompt, steps):
    rows = []
    with torch.no_grad():
        for text in prompt:
            text, cache = text.tolist(), None
            for token in list(text):  # the prompt, too, token by token
                logits, cache = model(torch.tensor([[token]]), cache)
            for _ in range(steps):  # the last token is fed, too, though nobody reads what follows
                text.append(int(logits[0, -1].argmax()))
                logits, cache = model(torch.tensor([text[-1:]]), cache)
            rows.append(text)
    return torch.tensor(rows)


def greedy_decode_cached__in_a_buffer(model, prompt, steps):
    N, T = prompt.shape
    tokens = prompt.new_zeros(N, T + steps)
    tokens[:, :T] = prompt
    logits, cache = model(prompt, None)
    for t in range(T, T + steps):
        tokens[:, t] = logits[:, -1].max(-1).indices
        if t + 1 < T + steps:
            logits, cache = model(tokens[:, t, None], cache)
    return tokens


class MultiHeadAttention__functional(torch.nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (torch.nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x, context=None, mask=None):
        context = x if context is None else context
        q, k, v = (
            layer(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, tokens in ((self.query, x), (self.key, context), (self.value, context))
        )
        mask = mask[:, None] if mask is not None and mask.dim() == 3 else mask
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        if mask is not None:
            out = torch.where(mask.any(-1, keepdim=True), out, 0.0)
        return self.out(out.transpose(1, 2).flatten(2))


def causal_mask__tri(T):
    return np.tri(T, dtype=bool)
