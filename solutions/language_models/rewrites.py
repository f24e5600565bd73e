"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from collections import defaultdict
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# From bytes to tokens


def bpe_train__in_place(ids, num_merges):
    """A copy of the ids in which pairs are replaced where they stand; entries are tuples."""
    ids, merges = list(ids), []
    while len(merges) < num_merges and len(ids) > 1:
        places = defaultdict(int)
        for i in range(len(ids) - 1):
            places[ids[i], ids[i + 1]] += 1
        most = max(places.values())
        a, b = sorted(pair for pair, count in places.items() if count == most)[0]
        merges.append((a, b, 256 + len(merges)))
        i = 0
        while i < len(ids) - 1:
            if ids[i] == a and ids[i + 1] == b:
                ids[i : i + 2] = [merges[-1][2]]
            i += 1
    return merges


def bpe_train__arrays(ids, num_merges):
    """Pairs as numbers that NumPy counts and sorts; where a pair overlaps itself, every other place of a run is taken."""
    ids, merges = np.array(ids), []
    for new in range(256, 256 + num_merges):
        if len(ids) < 2:
            break
        pairs, counts = np.unique(ids[:-1] * 4096 + ids[1:], return_counts=True)
        a, b = divmod(int(pairs[counts.argmax()]), 4096)
        merges.append([a, b, np.int64(new)])
        taken, keep = [], np.ones(len(ids), bool)
        for i in np.flatnonzero((ids[:-1] == a) & (ids[1:] == b)).tolist():
            if not taken or i > taken[-1] + 1:
                taken.append(i)
        keep[[i + 1 for i in taken]] = False
        ids[taken] = new
        ids = ids[keep]
    return merges


def bpe_encode__one_place_at_a_time(ids, merges):
    """The loop of tiktoken: merge the leftmost place of the best rank, and look again."""
    rank = {(entry[0], entry[1]): place for place, entry in enumerate(merges)}
    parts = list(ids)
    while True:
        best, where = None, None
        for i in range(len(parts) - 1):
            this = rank.get((parts[i], parts[i + 1]))
            if this is not None and (best is None or this < best):
                best, where = this, i
        if best is None:
            return parts
        parts = [*parts[:where], 256 + best, *parts[where + 2 :]]


def bpe_encode__merge_by_merge(ids, merges):
    """Each merge once, in their order: what it makes can be merged by later ones only."""
    for a, b, new in merges:
        out = []
        for i in ids:
            if out and out[-1] == a and i == b:
                out[-1] = new
            else:
                out.append(i)
        ids = out
    return np.array(ids)


def bpe_decode__recursive(ids, merges):
    @cache
    def expanded(i):
        return (i,) if i < 256 else expanded(merges[i - 256][0]) + expanded(merges[i - 256][1])

    return [byte for i in ids for byte in expanded(i)]


def bpe_decode__stack(ids, merges):
    made_of = {new: (a, b) for a, b, new in merges}
    stack, out = [*ids][::-1], []
    while stack:
        top = stack.pop()
        if top in made_of:
            stack.extend(made_of[top][::-1])
        else:
            out.append(top)
    return out


def bpe_decode__bytes(ids, merges):
    """The usual vocabulary of bytes objects; a list of them at the end."""
    vocabulary = {i: bytes([i]) for i in range(256)}
    for a, b, new in merges:
        vocabulary[new] = vocabulary[a] + vocabulary[b]
    return list(b"".join(vocabulary[i] for i in ids))


# The norm and the gated network


def rms_norm__norm_and_root_of_width(x, gamma, eps=1e-6):
    """The mean of the squares is the length squared, divided by the number of features."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x * ((length / math.sqrt(x.shape[-1])) ** 2 + eps) ** -0.5 * gamma


def rms_norm__loops(x, gamma, eps=1e-6):
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        mean = math.fsum(a * a for a in x[place].tolist()) / len(gamma)
        for i, g in enumerate(gamma):
            out[(*place, i)] = g * x[(*place, i)] / math.sqrt(mean + eps)
    return out


def rms_norm_backward__whole_jacobian(dout, x, gamma, eps=1e-6):
    """Each token's Jacobian: the identity, less what its own length takes back."""
    D = len(gamma)
    scale = (np.einsum("...d,...d->...", x, x) / D + eps) ** -0.5
    jacobian = (
        np.eye(D) * scale[..., None, None] - np.einsum("...i,...j->...ij", x, x) * scale[..., None, None] ** 3 / D
    )
    dx = np.einsum("...i,i,...ij->...j", dout, gamma, jacobian)
    return [dx, np.einsum("nd,nd->d", dout.reshape(-1, D), (x * scale[..., None]).reshape(-1, D))]


def rms_norm_backward__scale_as_a_step(dout, x, gamma, eps=1e-6):
    """The scale is a step of its own, with a gradient of its own."""
    scale = 1 / np.sqrt((x * x).mean(-1) + eps)[..., None]
    dscale = (dout * gamma * x).sum(-1, keepdims=True)
    dmean = dscale * -0.5 * scale**3
    dx = dout * gamma * scale + dmean * 2 * x / x.shape[-1]
    dgamma = dout * x * scale
    while dgamma.ndim > 1:
        dgamma = dgamma.sum(0)
    return dx, dgamma


def _sigmoid_by_sign(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def swiglu__plain(x, W_gate, W_up, W_down):
    """As everybody writes it; exp may overflow to inf, and then the gate is 0, which is right."""
    z = x @ W_gate
    return (z / (1 + np.exp(-z)) * (x @ W_up)) @ W_down


def swiglu__one_matrix(x, W_gate, W_up, W_down):
    """Both branches in one product, as many programs keep them."""
    gate, up = np.split(np.dot(x, np.concatenate([W_gate, W_up], axis=1)), 2, axis=-1)
    return np.einsum("...h,hd->...d", 0.5 * gate * (1 + np.tanh(gate / 2)) * up, W_down)


def swiglu_backward__einsum(dout, x, W_gate, W_up, W_down):
    gate, up = (np.einsum("...d,dh->...h", x, W) for W in (W_gate, W_up))
    s = _sigmoid_by_sign(gate)
    back = np.einsum("...d,hd->...h", dout, W_down)
    dgate, dup = back * up * (s + gate * s * (1 - s)), back * gate * s
    dx = np.einsum("...h,dh->...d", dgate, W_gate) + np.einsum("...h,dh->...d", dup, W_up)
    dW_gate, dW_up = (np.tensordot(x, d, [list(range(x.ndim - 1))] * 2) for d in (dgate, dup))
    return dx, dW_gate, dW_up, np.tensordot(gate * s * up, dout, [list(range(x.ndim - 1))] * 2)


def swiglu_backward__token_by_token(dout, x, W_gate, W_up, W_down):
    dx, dW_gate, dW_up, dW_down = (np.zeros(a.shape) for a in (x, W_gate, W_up, W_down))
    for place in np.ndindex(x.shape[:-1]):
        gate, up = W_gate.T @ x[place], W_up.T @ x[place]
        s = _sigmoid_by_sign(gate)
        back = W_down @ dout[place]
        dgate, dup = back * up * (s + gate * s * (1 - s)), back * gate * s
        dx[place] = W_gate @ dgate + W_up @ dup
        dW_gate += np.outer(x[place], dgate)
        dW_up += np.outer(x[place], dup)
        dW_down += np.outer(gate * s * up, dout[place])
    return dx, dW_gate, dW_up, dW_down


# Attention, as language models have it


def rotary_at__complex(x, positions, base=10000.0):
    half = x.shape[-1] // 2
    turn = np.exp(1j * np.outer(positions, base ** (-np.arange(half) / half)))
    pairs = (x[..., :half] + 1j * x[..., half:]) * turn
    return np.concatenate([pairs.real, pairs.imag], axis=-1)


def rotary_at__rotate_half(x, positions, base=10000.0):
    """As in Llama's own program: x·cos + rotate_half(x)·sin, both tables twice as wide."""
    frequency = 1.0 / base ** (np.arange(0, x.shape[-1], 2) / x.shape[-1])
    angle = np.asarray(positions, float)[:, None] * frequency[None]
    angle = np.concatenate([angle, angle], axis=-1)
    first, second = np.split(x, 2, axis=-1)
    return x * np.cos(angle) + np.concatenate([-second, first], axis=-1) * np.sin(angle)


def rotary_at__loops(x, positions, base=10000.0):
    out, half = np.empty(x.shape), x.shape[-1] // 2
    for *lead, t, i in np.ndindex(*x.shape[:-1], half):
        token, angle = (*lead, t), float(positions[t]) * base ** (-2 * i / x.shape[-1])
        a, b = x[token][i], x[token][i + half]
        out[token][i] = a * math.cos(angle) - b * math.sin(angle)
        out[token][i + half] = a * math.sin(angle) + b * math.cos(angle)
    return out


def grouped_query_attention__axis_of_groups(q, k, v, mask=None):
    """Query heads get an axis for their group, and nothing is copied."""
    N, Hq, T, d = q.shape
    scores = np.einsum("nhgtd,nhsd->nhgts", q.reshape(N, k.shape[1], -1, T, d), k) / math.sqrt(d)
    allowed = np.ones((1, 1, 1), bool) if mask is None else mask.reshape(-1, *mask.shape[-2:])
    allowed = np.broadcast_to(allowed[:, None, None], scores.shape)
    top = scores.max(-1, keepdims=True, where=allowed, initial=-1e300)
    e = np.where(allowed, np.exp(np.minimum(scores - top, 0.0)), 0.0)
    total = e.sum(-1, keepdims=True)
    weights = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return np.einsum("nhgts,nhsv->nhgtv", weights, v).reshape(N, Hq, T, -1)


def grouped_query_attention__head_by_head(q, k, v, mask=None):
    N, Hq, T, d = q.shape
    allowed = np.broadcast_to(True if mask is None else mask, (N, T, k.shape[2]))
    out = np.zeros((N, Hq, T, v.shape[-1]))
    for n, h, t in np.ndindex(N, Hq, T):
        own, seen = h * k.shape[1] // Hq, allowed[n, t]
        if seen.any():
            scores = k[n, own][seen] @ q[n, h, t] * d**-0.5
            e = np.exp(scores - scores.max())
            out[n, h, t] = e @ v[n, own][seen] / e.sum()
    return out


def sliding_window_mask__tri(T, window):
    return np.tri(T, dtype=bool) & ~np.tri(T, k=-window, dtype=bool)


def sliding_window_mask__loops(T, window):
    mask = np.zeros((T, T), bool)
    for t in range(T):
        mask[t, max(0, t - window + 1) : t + 1] = True
    return mask


def flash_attention__merged_by_their_logs(q, k, v, block):
    """Each block is attention of its own; two of them are merged by their log sums."""
    out, known = 0.0, None
    for i in range(0, k.shape[-2], block):
        scores = np.einsum("...td,...sd->...ts", q, k[..., i : i + block, :]) / math.sqrt(q.shape[-1])
        here = np.logaddexp.reduce(scores, axis=-1)
        answer = np.exp(scores - here[..., None]) @ v[..., i : i + block, :]
        both = here if known is None else np.logaddexp(known, here)
        before = 0.0 if known is None else np.exp(known - both)[..., None] * out
        out, known = before + np.exp(here - both)[..., None] * answer, both
    return [out, known]


def flash_attention__two_passes(q, k, v, block):
    """The log sums first, and then the values with weights that are right at once; the last block is split off by NumPy."""
    cuts = range(block, k.shape[-2], block)
    q = q * q.shape[-1] ** -0.5
    blocks = list(zip(np.split(k, cuts, axis=-2), np.split(v, cuts, axis=-2), strict=True))
    known = np.full(q.shape[:-1], -np.inf)
    for keys, _ in blocks:
        known = np.logaddexp(known, np.logaddexp.reduce(q @ keys.swapaxes(-1, -2), axis=-1))
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for keys, values in blocks:
        out += np.exp(q @ keys.swapaxes(-1, -2) - known[..., None]) @ values
    return out, known


def flash_attention__query_by_query(q, k, v, block):
    """One row of scores at a time, which is S of them."""
    out, known = np.empty((*q.shape[:-1], v.shape[-1])), np.empty(q.shape[:-1])
    for *lead, t in np.ndindex(q.shape[:-1]):
        scores = k[tuple(lead)] @ q[(*lead, t)] / math.sqrt(q.shape[-1])
        e = np.exp(scores - scores.max())
        out[(*lead, t)], known[(*lead, t)] = e @ v[tuple(lead)] / e.sum(), scores.max() + math.log(e.sum())
    return out, known


def flash_attention__as_in_the_paper(q, k, v, block):
    """The output is divided in every round, and multiplied by the old sum in the next."""
    m, sums = np.full((*q.shape[:-1], 1), -np.inf), np.zeros((*q.shape[:-1], 1))
    mean = np.zeros((*q.shape[:-1], v.shape[-1]))
    for j in range(-(-k.shape[-2] // block)):
        part = slice(j * block, min((j + 1) * block, k.shape[-2]))
        S = q @ np.moveaxis(k[..., part, :], -1, -2) / np.sqrt(q.shape[-1])
        m_block = S.max(-1, keepdims=True)
        P = np.exp(S - m_block)
        m_new = np.where(m > m_block, m, m_block)
        old, here = np.exp(m - m_new) * sums, np.exp(m_block - m_new)
        sums_new = old + here * P.sum(-1, keepdims=True)
        mean = (old * mean + here * (P @ v[..., part, :])) / sums_new
        m, sums = m_new, sums_new
    return mean, (m + np.log(sums))[..., 0]


def cached_attention__index_mask(q, k, v, cache):
    """The mask by positions, and a weight of exactly 0 for what is hidden."""
    past = 0 if cache is None else cache[0].shape[1]
    if past:
        k, v = (np.hstack(pair) for pair in zip(cache, (k, v), strict=True))
    scores = np.einsum("ntd,nsd->nts", q, k) * q.shape[-1] ** -0.5
    scores[:, past + np.arange(q.shape[1])[:, None] < np.arange(k.shape[1])] = -np.inf
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return [np.einsum("nts,nsv->ntv", e, v) / e.sum(-1)[..., None], [k, v]]


def cached_attention__token_by_token(q, k, v, cache):
    """Each new token joins the cache, and then looks at all of it."""
    K, V = (k[:, :0], v[:, :0]) if cache is None else cache
    out = []
    for t in range(q.shape[1]):
        K, V = np.concatenate([K, k[:, t : t + 1]], 1), np.concatenate([V, v[:, t : t + 1]], 1)
        scores = (K @ q[:, t, :, None])[..., 0] / math.sqrt(q.shape[-1])
        e = np.exp(scores - scores.max(1, keepdims=True))
        out.append(np.einsum("ns,nsv->nv", e / e.sum(1, keepdims=True), V))
    return np.stack(out, axis=1), (K, V)


# A mixture of experts


def moe_route__as_in_mixtral(logits, k):
    """The softmax over all experts, of which the k largest are kept and divided by their sum."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = e / e.sum(axis=1, keepdims=True)
    experts = np.argsort(logits, axis=1)[:, ::-1][:, :k]
    kept = probability[np.arange(len(logits))[:, None], experts]
    return kept / kept.sum(axis=1, keepdims=True), experts


def moe_route__loops(logits, k):
    weights, experts = np.empty((len(logits), k)), np.empty((len(logits), k), np.int32)
    for t, row in enumerate(logits.tolist()):
        best = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:k]
        e = [math.exp(row[i] - row[best[0]]) for i in best]
        weights[t], experts[t] = [a / math.fsum(e) for a in e], best
    return weights, experts


def load_balancing_loss__one_hot(logits, k):
    """As in Switch Transformer's program, with the k choices one after another."""
    E = logits.shape[1]
    order = np.argsort(logits, axis=1)[:, ::-1]
    share = sum(np.eye(E)[order[:, j]].mean(axis=0) for j in range(k)) / k
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return E * share.dot((e / e.sum(axis=1, keepdims=True)).mean(axis=0))


def load_balancing_loss__ranks(logits, k):
    """An expert is among a token's k best if fewer than k others are better."""
    better = (logits[:, None, :] > logits[:, :, None]).sum(axis=-1)
    probability = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])
    return logits.shape[1] * float((better < k).mean(axis=0) @ probability.mean(axis=0)) / k


# From logits to the next token


def filter_top_p__loops(logits, p):
    out = []
    for row in logits.tolist():
        top = max(row)
        weights = [math.exp(a - top) for a in row]
        total, kept, so_far = sum(weights), set(), 0.0
        for token in sorted(range(len(row)), key=row.__getitem__, reverse=True):
            if so_far >= p:
                break
            so_far += weights[token] / total
            kept.add(token)
        out.append([a if token in kept else -math.inf for token, a in enumerate(row)])
    return np.array(out)


def filter_top_p__threshold(logits, p):
    """Every logit against the smallest that is kept in its row; removed in place in a copy."""
    falling = np.sort(logits, axis=-1)[:, ::-1]
    sums = np.cumsum(np.exp(falling - np.logaddexp.reduce(logits, axis=-1, keepdims=True)), axis=-1)
    last = np.minimum((sums < p).sum(axis=-1), logits.shape[1] - 1)
    out = np.array(logits, order="F")
    out[logits < falling[np.arange(len(logits)), last][:, None]] = -np.inf
    return out


def speculative_accept__all_at_once(p, q, drafted, u, v):
    K = len(drafted)
    places = np.arange(K)
    refused = u >= np.minimum(1, p[places, drafted] / q[places, drafted])
    accepted = np.argmax(np.append(refused, True))
    law = p[accepted] - (q[accepted] if accepted < K else 0)
    law = law.clip(min=0)
    sums = np.cumsum(law / law.sum())
    return accepted, min(np.searchsorted(sums, v, side="right"), p.shape[1] - 1)


def speculative_accept__loops(p, q, drafted, u, v):
    """Without a division: u·q < p, and v times the sum of what is left."""
    accepted = 0
    while accepted < len(drafted) and u[accepted] * q[accepted, drafted[accepted]] < p[accepted, drafted[accepted]]:
        accepted += 1
    law = p[accepted].tolist()
    if accepted < len(drafted):
        law = [max(a - b, 0.0) for a, b in zip(law, q[accepted].tolist(), strict=True)]
    left = v * sum(law)
    for token, a in enumerate(law):
        left -= a
        if left < 0:
            return accepted, token
    return [accepted, len(law) - 1]


# A block, as a PyTorch module


class _BlockNorm(nn.Module):
    """As in Llama's own program."""

    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class CausalBlock__llama(nn.Module):
    """Tables of cosines and sines as buffers, rotate_half, keys expanded in a view, torch's attention."""

    def __init__(self, dim, heads, kv_heads, hidden):
        super().__init__()
        self.d = d = dim // heads
        self.down = nn.Linear(hidden, dim, bias=False)
        self.gate, self.up = nn.Linear(dim, hidden, bias=False), nn.Linear(dim, hidden, bias=False)
        self.query, self.out = nn.Linear(dim, heads * d, bias=False), nn.Linear(heads * d, dim, bias=False)
        self.key, self.value = nn.Linear(dim, kv_heads * d, bias=False), nn.Linear(dim, kv_heads * d, bias=False)
        self.norm1, self.norm2 = _BlockNorm(dim), _BlockNorm(dim)
        angle = torch.outer(torch.arange(4096).float(), 1.0 / 10000 ** (torch.arange(0, d, 2).float() / d)).repeat(1, 2)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin(), persistent=False)

    def turned(self, x, positions):
        a, b = x[..., : self.d // 2], x[..., self.d // 2 :]
        return x * self.cos[positions] + torch.cat((-b, a), -1) * self.sin[positions]

    def forward(self, x, positions):
        N, T, _ = x.shape
        h = self.norm1(x)
        q, k, v = (f(h).view(N, T, -1, self.d).transpose(1, 2) for f in (self.query, self.key, self.value))
        q, k = self.turned(q, positions), self.turned(k, positions)
        k, v = (a[:, :, None].expand(-1, -1, q.shape[1] // a.shape[1], -1, -1).flatten(1, 2) for a in (k, v))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(h.transpose(1, 2).reshape(N, T, -1))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class CausalBlock__einsum(nn.Module):
    """An axis for the groups, complex rotation, a mask that is added."""

    def __init__(self, dim, heads, kv_heads, hidden):
        super().__init__()
        self.kv_heads, self.d = kv_heads, dim // heads
        for name, (before, after) in {
            "query": (dim, dim),
            "key": (dim, kv_heads * self.d),
            "value": (dim, kv_heads * self.d),
            "out": (dim, dim),
            "gate": (dim, hidden),
            "up": (dim, hidden),
            "down": (hidden, dim),
        }.items():
            setattr(self, name, nn.Linear(before, after, bias=False))
        self.norm1, self.norm2 = nn.RMSNorm(dim, 1e-6), nn.RMSNorm(dim, 1e-6)

    def forward(self, x, positions):
        half = self.d // 2
        angle = positions.float()[:, None] * 10000.0 ** (-torch.arange(half, device=x.device) / half)
        turn = torch.polar(torch.ones_like(angle), angle)

        def turned(a):
            a = torch.complex(a[..., :half], a[..., half:]) * turn[:, None]
            return torch.cat([a.real, a.imag], dim=-1)

        h = self.norm1(x)
        q, k, v = (f(h).unflatten(2, (-1, self.d)) for f in (self.query, self.key, self.value))
        q = turned(q).unflatten(2, (self.kv_heads, -1)) * self.d**-0.5
        scores = torch.einsum("nthgd,nshd->nhgts", q, turned(k))
        scores = scores + torch.full(scores.shape[-2:], -torch.inf, device=x.device).triu(1)
        x = self.out(torch.einsum("nhgts,nshd->nthgd", scores.softmax(-1), v).flatten(2)) + x
        h = self.norm2(x)
        gate = self.gate(h)
        return self.down(gate * torch.sigmoid(gate) * self.up(h)) + x
