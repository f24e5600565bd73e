"""Independent truth for this unit: PyTorch in float64, or loops over single numbers. Read by `grade dev check` alone."""

import cmath
import math

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)


def scaled_dot_product_attention(q, k, v, mask=None):
    q, k, v = (torch.from_numpy(a) for a in (q, k, v))
    mask = None if mask is None else torch.from_numpy(mask)
    out = F.scaled_dot_product_attention(q, k, v, mask)
    return np.nan_to_num(out.numpy())  # PyTorch leaves nan where a row may attend to nothing


def attention_backward(dout, q, k, v, mask=None):
    """PyTorch's autograd, query by query, over the keys that the query may attend to and no others."""
    mask = np.broadcast_to(True if mask is None else mask, (*q.shape[:-1], k.shape[-2]))
    q, k, v = (torch.from_numpy(a).requires_grad_() for a in (q, k, v))
    loss = 0.0 * (q.sum() + k.sum() + v.sum())
    for *lead, t in np.ndindex(*q.shape[:-1]):
        lead = tuple(lead)
        seen = torch.from_numpy(mask[(*lead, t)].copy())
        if seen.any():
            weights = torch.softmax(k[lead][seen] @ q[(*lead, t)] / math.sqrt(q.shape[-1]), 0)
            loss = loss + torch.from_numpy(dout[(*lead, t)]) @ (weights @ v[lead][seen])
    return tuple(g.numpy() for g in torch.autograd.grad(loss, (q, k, v)))


def causal_mask(T):
    return np.array([[s <= t for s in range(T)] for t in range(T)])


def padding_mask(lengths, T):
    return np.array([[[t < length for t in range(T)]] for length in lengths.tolist()])


def additive_attention(query, keys, values, Wq, Wk, v):
    query, keys, values, Wq, Wk, v = (torch.from_numpy(a) for a in (query, keys, values, Wq, Wk, v))
    contexts, weights = [], []
    for one, its_keys, its_values in zip(query, keys, values, strict=True):
        scores = torch.stack([torch.dot(v, torch.tanh(Wq.T.mv(one) + Wk.T.mv(key))) for key in its_keys])
        weights.append(F.softmax(scores, 0))
        contexts.append(its_values.T.mv(weights[-1]))
    return torch.stack(contexts).numpy(), torch.stack(weights).numpy()


def local_attention(query, keys, values, center, window):
    contexts, weights = np.zeros((len(query), values.shape[2])), np.zeros(keys.shape[:2])
    for n in range(len(query)):
        near = [t for t in range(keys.shape[1]) if abs(t - float(center[n])) <= window]
        scores = [math.fsum(a * b for a, b in zip(query[n].tolist(), keys[n, t].tolist(), strict=True)) for t in near]
        total = math.fsum(math.exp(score - max(scores)) for score in scores)
        for t, score in zip(near, scores, strict=True):
            offset = (t - float(center[n])) / (window / 2)
            weights[n, t] = math.exp(score - max(scores)) / total * math.exp(-offset * offset / 2)
        for j in range(values.shape[2]):
            contexts[n, j] = math.fsum(weights[n, t] * values[n, t, j] for t in near)
    return contexts, weights


def hard_attention(scores, values, rng):
    index = []
    for row, u in zip(scores.tolist(), rng.random(len(scores)).tolist(), strict=True):
        e = [math.exp(score - max(row)) for score in row]
        sums = (math.fsum(e[: t + 1]) / math.fsum(e) for t in range(len(e)))
        index.append(next((t for t, p in enumerate(sums) if p > u), len(e) - 1))
    return np.array([values[n, t] for n, t in enumerate(index)]), np.array(index)


def self_attention(x, Wq, Wk, Wv, mask=None):
    q, k, v = (F.linear(torch.from_numpy(x), torch.from_numpy(W).T).numpy() for W in (Wq, Wk, Wv))
    return scaled_dot_product_attention(q, k, v, mask)


def multi_head_attention(x, Wq, Wk, Wv, Wo, num_heads, mask=None):
    """Head by head, with the columns of each cut out; what each adds to the output is summed."""
    blocks = [np.split(W, num_heads, axis=1) for W in (Wq, Wk, Wv)]
    rows = np.split(Wo, num_heads, axis=0)
    return sum(self_attention(x, *W, mask) @ Wo_h for *W, Wo_h in zip(*blocks, rows, strict=True))


def positional_encoding(T, D):
    turns = [[cmath.exp(1j * t / math.pow(10000, 2 * i / D)) for i in range(D // 2)] for t in range(T)]
    return np.array([[part for z in row for part in (z.imag, z.real)] for row in turns])


def rotary_embedding(x, base=10000.0):
    """Pairs as complex numbers, turned by multiplication."""
    T, D = x.shape[-2:]
    angle = torch.tensor(
        [[t * math.pow(base, -2 * i / D) for i in range(D // 2)] for t in range(T)], dtype=torch.float64
    )
    pairs = torch.view_as_complex(torch.from_numpy(x).reshape(*x.shape[:-1], D // 2, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).reshape(x.shape).numpy()


def linear_attention(q, k, v):
    """The quadratic form: a table of weights, its lower triangle, and rows that add up to 1."""
    q, k, v = (torch.from_numpy(a) for a in (q, k, v))
    weights = torch.einsum("...td,...sd->...ts", _feature(q), _feature(k)).tril()
    return (F.normalize(weights, p=1, dim=-1, eps=0) @ v).numpy()


def _feature(x):
    """elu(x) + 1 without the sum, whose rounding eats a small exponential."""
    return torch.where(x > 0, x + 1, x.clamp(max=0).exp())


def MultiHeadAttention(dim, heads, weights, x, context=None, mask=None, dout=None):
    """The function of this file, in float64, with the layers' biases; its gradient by autograd."""
    x = torch.from_numpy(x.astype(float)).requires_grad_()
    context = x if context is None else torch.from_numpy(context.astype(float))
    layer = {name: torch.from_numpy(value.astype(float)) for name, value in weights.items()}
    q, k, v = (
        F.linear(source, layer[f"{name}.weight"], layer[f"{name}.bias"])
        for name, source in (("query", x), ("key", context), ("value", context))
    )
    allowed = torch.from_numpy(np.broadcast_to(True if mask is None else mask, (*q.shape[:2], k.shape[1])).copy())
    rows = []
    for n, t in np.ndindex(*q.shape[:2]):
        seen = allowed[n, t]
        parts = []
        for block in torch.arange(dim).reshape(heads, -1):
            shares = torch.softmax(k[n][seen][:, block] @ q[n, t, block] / math.sqrt(len(block)), 0)
            parts.append(shares @ v[n][seen][:, block])
        rows.append(torch.cat(parts))
    out = F.linear(torch.stack(rows).reshape(q.shape), layer["out.weight"], layer["out.bias"])
    if dout is None:
        return out.detach().numpy()
    out.backward(torch.from_numpy(dout.astype(float)))
    return x.grad.numpy()


def _own_layer(layer, weights, attentions):
    """PyTorch's own layer, in double precision, with given weights."""
    own = {}
    for name, value in weights.items():
        value = torch.from_numpy(value.astype(float))
        for feed, linear in (("feed_forward.0", "linear1"), ("feed_forward.2", "linear2")):
            name = name.replace(feed, linear)
        own[name] = value
    for theirs, ours in attentions.items():
        for kind in ("weight", "bias"):
            own[f"{theirs}.in_proj_{kind}"] = torch.cat(
                [own.pop(f"{ours}.{part}.{kind}") for part in ("query", "key", "value")]
            )
            own[f"{theirs}.out_proj.{kind}"] = own.pop(f"{ours}.out.{kind}")
    layer.double().load_state_dict(own)
    return layer


def _hidden(mask, heads, N, Tq, Tk):
    """What may not be attended to, for each sequence and head, as PyTorch's own layers take it."""
    if mask is None:
        return None
    full = np.broadcast_to(mask, (N, Tq, Tk))
    return torch.from_numpy(~np.repeat(full, heads, axis=0))


def EncoderBlock(dim, heads, hidden, weights, x, mask=None, dout=None):
    """nn.TransformerEncoderLayer, which is pre-norm on demand."""
    layer = torch.nn.TransformerEncoderLayer(dim, heads, hidden, dropout=0.0, batch_first=True, norm_first=True)
    x = torch.from_numpy(x.astype(float)).requires_grad_()
    N, T, _ = x.shape
    out = _own_layer(layer, weights, {"self_attn": "attention"})(x, src_mask=_hidden(mask, heads, N, T, T))
    if dout is None:
        return out.detach().numpy()
    return torch.autograd.grad(out, x, torch.from_numpy(dout.astype(float)))[0].numpy()


def DecoderBlock(dim, heads, hidden, weights, x, memory, memory_mask=None, dout=None):
    """nn.TransformerDecoderLayer, which is pre-norm on demand."""
    layer = torch.nn.TransformerDecoderLayer(dim, heads, hidden, dropout=0.0, batch_first=True, norm_first=True)
    own = _own_layer(layer, weights, {"self_attn": "self_attention", "multihead_attn": "cross_attention"})
    x, memory = (torch.from_numpy(array.astype(float)).requires_grad_() for array in (x, memory))
    (N, T, _), S = x.shape, memory.shape[1]
    future = torch.nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64)
    out = own(x, memory, tgt_mask=future, memory_mask=_hidden(memory_mask, heads, N, T, S))
    if dout is None:
        return out.detach().numpy()
    return [grad.numpy() for grad in torch.autograd.grad(out, (x, memory), torch.from_numpy(dout.astype(float)))]


def greedy_decode_cached(weights, prompt, steps, is_counted=False):
    """The model read token by token in plain loops, the whole text anew for every token that is written."""
    layer = {name: value.astype(float) for name, value in weights.items()}
    texts = prompt.tolist()
    for text in texts:
        for _ in range(steps):
            x = [layer["token"][token] + layer["place"][place] for place, token in enumerate(text)]
            asked = x[-1] @ layer["query"]
            shares = np.array([math.exp(asked @ (seen @ layer["key"])) for seen in x])
            found = sum(share * (seen @ layer["value"]) for share, seen in zip(shares / shares.sum(), x, strict=True))
            text.append(int(np.argmax(found @ layer["logits"])))
    return [np.array(texts), 0] if is_counted else np.array(texts)
