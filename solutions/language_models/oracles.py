"""Independent truth for this unit: other libraries, other formulas, or loops over single numbers. Read by `grade dev check` alone."""

import math
import re
from fractions import Fraction

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


# From bytes to tokens: a text whose characters are the ids, and its own search and replace.


def bpe_train(ids, num_merges):
    text, merges = "".join(map(chr, ids)), []
    while len(merges) < num_merges and len(text) > 1:
        pairs = {text[i : i + 2] for i in range(len(text) - 1)}
        count = {pair: len(re.findall(f"(?={re.escape(pair)})", text)) for pair in pairs}
        best = min(pair for pair in pairs if count[pair] == max(count.values()))
        merges.append([ord(best[0]), ord(best[1]), 256 + len(merges)])
        text = text.replace(best, chr(merges[-1][2]))
    return merges


def bpe_encode(ids, merges):
    """The merges one after another: what a merge makes can only be merged by a later one."""
    text = "".join(map(chr, ids))
    for a, b, new in merges:
        text = text.replace(chr(a) + chr(b), chr(new))
    return list(map(ord, text))


def bpe_decode(ids, merges):
    """Backwards through the merges: when the last is undone, no token is left that it could have made."""
    text = "".join(map(chr, ids))
    for place in reversed(range(len(merges))):
        text = text.replace(chr(256 + place), chr(merges[place][0]) + chr(merges[place][1]))
    return list(map(ord, text))


# The norm and the gated network: PyTorch's own functions in double precision, and its autograd.


def rms_norm(x, gamma, eps=1e-6):
    return F.rms_norm(torch.from_numpy(x), gamma.shape, torch.from_numpy(gamma), eps).numpy()


def rms_norm_backward(dout, x, gamma, eps=1e-6):
    x, gamma = torch.from_numpy(x).requires_grad_(), torch.from_numpy(gamma).requires_grad_()
    F.rms_norm(x, gamma.shape, gamma, eps).backward(torch.from_numpy(dout))
    return x.grad.numpy(), gamma.grad.numpy()


def _swiglu(x, W_gate, W_up, W_down):
    return F.linear(F.silu(F.linear(x, W_gate.T)) * F.linear(x, W_up.T), W_down.T)


def swiglu(x, W_gate, W_up, W_down):
    return _swiglu(*(torch.from_numpy(a) for a in (x, W_gate, W_up, W_down))).numpy()


def swiglu_backward(dout, x, W_gate, W_up, W_down):
    inputs = [torch.from_numpy(a).requires_grad_() for a in (x, W_gate, W_up, W_down)]
    return tuple(g.numpy() for g in torch.autograd.grad(_swiglu(*inputs), inputs, torch.from_numpy(dout)))


# Attention, as language models have it


def rotary_at(x, positions, base=10000.0):
    """Pairs as complex numbers, turned by multiplication; angles one by one."""
    half = x.shape[-1] // 2
    angle = [[float(t) * math.pow(base, -i / half) for i in range(half)] for t in positions]
    turn = torch.polar(torch.ones(len(positions), half, dtype=torch.float64), torch.tensor(angle, dtype=torch.float64))
    a, b = torch.from_numpy(np.ascontiguousarray(x)).chunk(2, dim=-1)
    out = torch.complex(a.contiguous(), b.contiguous()) * turn
    return torch.cat([out.real, out.imag], dim=-1).numpy()


def grouped_query_attention(q, k, v, mask=None):
    """PyTorch's own, which knows groups; it leaves nan where a row may attend to nothing."""
    if mask is not None:
        mask = torch.from_numpy(np.broadcast_to(mask, (len(q), q.shape[2], k.shape[2]))[:, None].copy())
    q, k, v = (torch.from_numpy(a) for a in (q, k, v))
    return np.nan_to_num(F.scaled_dot_product_attention(q, k, v, mask, enable_gqa=True).numpy())


def sliding_window_mask(T, window):
    return np.array([[t - window < s <= t for s in range(T)] for t in range(T)])


def flash_attention(q, k, v, block):
    """PyTorch's own, and its logsumexp of all scores at once."""
    q, k, v = (torch.from_numpy(np.ascontiguousarray(a)) for a in (q, k, v))
    scores = torch.einsum("...td,...sd->...ts", q, k) * q.shape[-1] ** -0.5
    return F.scaled_dot_product_attention(q, k, v).numpy(), torch.logsumexp(scores, -1).numpy()


def watched(q, k, v, block, T, S):
    """Keys that come again, each as often, change no weight; the sum of all exponentials grows with their number."""
    out, log_sum_exp = flash_attention(q, k, v, block)
    return out, log_sum_exp + math.log(S / len(k)), False


def _causal(q, k, v):
    """Causal attention over whole sequences, at once."""
    return F.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v)), is_causal=True).numpy()


def cached_attention(q, k, v, cache):
    """The last rows of attention over the whole text, whose first queries are anything."""
    if cache is None:
        return _causal(q, k, v), (k, v)
    K, V = (np.concatenate(pair, axis=1) for pair in zip(cache, (k, v), strict=True))
    whole = np.concatenate([np.zeros_like(cache[0]), q], axis=1)
    return _causal(whole, K, V)[:, -q.shape[1] :], (K, V)


def read_in_pieces(q, k, v, pieces):
    return _causal(q, k, v)


# A mixture of experts: PyTorch's topk, and one-hot rows.


def moe_route(logits, k):
    kept, experts = torch.from_numpy(logits).topk(k, dim=-1)
    return F.softmax(kept, dim=-1).numpy(), experts.numpy()


def load_balancing_loss(logits, k):
    """Means over one-hot rows, all of a token's k experts in one."""
    logits = torch.from_numpy(logits)
    chosen = F.one_hot(logits.topk(k).indices, logits.shape[1]).double().sum(1) / k
    return float(logits.shape[1] * (chosen.mean(0) @ logits.softmax(-1).mean(0)))


# From logits to the next token


def filter_top_p(logits, p):
    """The smallest set of tokens whose probability reaches p, found among sets of the likeliest by their sizes."""
    out = np.full(logits.shape, -np.inf)
    for row, kept in zip(logits, out, strict=True):
        chances = torch.from_numpy(row).softmax(0).tolist()
        likeliest = sorted(range(len(row)), key=lambda token: -row[token])
        size = next(
            n for n in range(1, len(row) + 1) if n == len(row) or math.fsum(chances[i] for i in likeliest[:n]) >= p
        )
        for token in likeliest[:size]:
            kept[token] = row[token]
    return out


def _accept_first(chances, v):
    """The first index whose probabilities up to it exceed v, added up anew for each; the last index if none does."""
    found = [token for token in range(len(chances)) if math.fsum(chances[: token + 1]) > v]
    return found[0] if found else len(chances) - 1


def speculative_accept(p, q, drafted, u, v):
    """In exact fractions as far as they go: u·q < p for the ratio, p − min(p, q) for what is left."""
    p, q = p.tolist(), q.tolist()
    refused = [i for i, x in enumerate(drafted.tolist()) if not Fraction(u[i]) * Fraction(q[i][x]) < Fraction(p[i][x])]
    if not refused:
        return len(drafted), _accept_first(p[len(drafted)], v)
    left = [Fraction(a) - min(Fraction(a), Fraction(b)) for a, b in zip(p[refused[0]], q[refused[0]], strict=True)]
    return refused[0], _accept_first([float(a / sum(left)) for a in left], v)


def emitted(p, q, us, vs):
    """What the method is for: whatever q is, the first token that is written has the law p."""
    return p[0]


# A block, as a PyTorch module


def _block_turned(x, positions):
    """Pairs as complex numbers, turned by multiplication; x is (N, heads, T, d)."""
    d = x.shape[-1]
    angle = torch.tensor(
        [[float(t) * math.pow(10000, -2 * i / d) for i in range(d // 2)] for t in positions], dtype=x.dtype
    )
    turned = torch.complex(x[..., : d // 2], x[..., d // 2 :]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([turned.real, turned.imag], dim=-1)


def CausalBlock(dim, heads, kv_heads, hidden, weights, x, positions, dout=None):
    """PyTorch's own functions in double precision; groups and mask are its attention's affair, gradients its autograd's."""
    layer = {name.split(".")[0]: torch.from_numpy(value.astype(float)) for name, value in weights.items()}
    x = torch.from_numpy(x.astype(float))
    inputs = [a.requires_grad_() for a in (x, *layer.values())]
    normed = F.rms_norm(x, (dim,), layer["norm1"], 1e-6)
    q, k, v = (
        F.linear(normed, layer[name]).unflatten(-1, (number, dim // heads)).transpose(1, 2)
        for name, number in (("query", heads), ("key", kv_heads), ("value", kv_heads))
    )
    q, k = _block_turned(q, positions), _block_turned(k, positions)
    found = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    between = x + F.linear(found.transpose(1, 2).reshape(x.shape), layer["out"])
    normed = F.rms_norm(between, (dim,), layer["norm2"], 1e-6)
    inside = F.silu(F.linear(normed, layer["gate"])) * F.linear(normed, layer["up"])
    out = between + F.linear(inside, layer["down"])
    if dout is None:
        return out.detach().numpy()
    return [grad.numpy() for grad in torch.autograd.grad(out, inputs, torch.from_numpy(dout.astype(float)))]
