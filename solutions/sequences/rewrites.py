"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import math
from itertools import pairwise

import numpy as np
import torch


def logistic(x):
    """The sigmoid, by way of tanh: nothing overflows."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def log_add(a, b):
    """log(exp(a) + exp(b)) of two numbers."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def tokenize_bpe_merge__looking_back(ids, pair, new_id):
    """Append, and replace the last two where they are the pair; a place says how far back merges may reach."""
    merged, free = [], 0
    for token in ids:
        merged.append(token)
        if len(merged) - free >= 2 and merged[-2] == pair[0] and merged[-1] == pair[1]:
            merged[-2:] = [new_id]
            free = len(merged)
    return merged


def tokenize_bpe_merge__iterator_of_starts(ids, pair, new_id):
    starts, last = [], -2
    for i, both in enumerate(pairwise(ids)):
        if both == pair and i - last >= 2:
            starts.append(i)
            last = i
    gone = {i + 1 for i in starts}
    return [new_id if i in starts else token for i, token in enumerate(ids) if i not in gone]


def embedding__one_hot(ids, table):
    return np.eye(len(table))[ids] @ table


def embedding__loop(ids, table):
    out = np.empty((*ids.shape, table.shape[1]))
    for place, token in np.ndenumerate(ids):
        out[place] = table[token]
    return out


def embedding_backward__loop(dout, ids, table):
    dtable = np.zeros(table.shape)
    for place in np.ndindex(ids.shape):
        dtable[ids[place]] += dout[place]
    return dtable


def embedding_backward__one_hot(dout, ids, table):
    chosen = ids.reshape(-1, 1) == np.arange(table.shape[0])
    return chosen.T.astype(float) @ dout.reshape(-1, table.shape[1])


def embedding_backward__bincount(dout, ids, table):
    columns = dout.reshape(-1, table.shape[1]).T
    return np.stack([np.bincount(ids.ravel(), column, len(table)) for column in columns], axis=1)


def skipgram_pairs__slices(tokens, window):
    pairs = []
    for i, center in enumerate(tokens):
        around = tokens[max(i - window, 0) : i] + tokens[i + 1 : i + 1 + window]
        pairs += [(center, context) for context in around]
    return pairs


def skipgram_pairs__offsets(tokens, window):
    offsets = [d for d in range(-window, window + 1) if d]
    return [
        [tokens[i], tokens[i + d]] for i in range(len(tokens)) for d in offsets if i + d >= 0 and i + d < len(tokens)
    ]


def negative_sampling__loops(center, context, negatives):
    score = sum(a * b for a, b in zip(context, center, strict=True))
    loss, pull = log_add(0.0, -score), logistic(score) - 1
    dcenter, dcontext, dnegatives = pull * context, pull * center, []
    for negative in negatives:
        score = sum(a * b for a, b in zip(negative, center, strict=True))
        loss += log_add(0.0, score)
        dnegatives.append(logistic(score) * center)
        dcenter = dcenter + logistic(score) * negative
    return [loss, dcenter, dcontext, np.array(dnegatives)]


def negative_sampling__all_words_at_once(center, context, negatives):
    """The true context is one more word, with the other sign."""
    words = np.vstack([context, negatives])
    signs = np.where(np.arange(len(words)) == 0, -1.0, 1.0)
    scores = signs * np.einsum("sd,d->s", words, center)
    loss = np.sum(np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores))))
    slopes = signs * logistic(scores)
    dwords = slopes[:, None] * center[None, :]
    return loss, words.T @ slopes, dwords[0], dwords[1:]


def rnn_step__joined(x, h, Wx, Wh, b):
    return np.tanh(np.hstack([x, h]) @ np.vstack([Wx, Wh]) + b[None])


def rnn_step__loops(x, h, Wx, Wh, b):
    h_next = np.zeros(h.shape)
    for n, j in np.ndindex(h.shape):
        total = b[j] + sum(x[n, d] * Wx[d, j] for d in range(x.shape[1])) + sum(h[n] * Wh[:, j])
        h_next[n, j] = math.tanh(total)
    return h_next


def rnn_step_backward__joined(dh_next, x, h, Wx, Wh, b):
    inputs, W = np.hstack([x, h, np.ones((len(x), 1))]), np.vstack([Wx, Wh, b])
    D = x.shape[1]
    t = np.tanh(inputs @ W)
    da = dh_next - dh_next * t * t
    dinputs, dW = da @ W.T, inputs.T @ da
    return dinputs[:, :D], dinputs[:, D:-1], dW[:D], dW[D:-1], dW[-1]


def rnn_step_backward__one_example_at_a_time(dh_next, x, h, Wx, Wh, b):
    dx, dh = np.zeros(x.shape), np.zeros(h.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
    for n in range(len(x)):
        t = np.tanh(Wx.T @ x[n] + Wh.T @ h[n] + b)
        delta = dh_next[n] * (1 - t) * (1 + t)
        dx[n], dh[n] = Wx @ delta, Wh @ delta
        dWx, dWh, db = dWx + np.outer(x[n], delta), dWh + np.outer(h[n], delta), db + delta
    return [dx, dh, dWx, dWh, db]


def rnn__inputs_first(x, h0, Wx, Wh, b):
    """All that does not wait for a state is computed at once."""
    drive = np.einsum("ntd,dh->nth", x, Wx) + b
    out, h = np.zeros(drive.shape), h0
    for t in range(drive.shape[1]):
        h = np.tanh(drive[:, t, :] + h @ Wh)
        out[:, t, :] = h
    return out


def rnn__recursive(x, h0, Wx, Wh, b):
    h = np.tanh(x[:, 0] @ Wx + h0 @ Wh + b)
    if x.shape[1] == 1:
        return h[:, None]
    return np.concatenate([h[:, None], rnn__recursive(x[:, 1:], h, Wx, Wh, b)], axis=1)


def rnn_backward__sums_at_the_end(dout, x, h0, Wx, Wh, b):
    """Only the gradients in the sums need the loop; the rest are three products over all steps."""
    N, T, D = x.shape
    H = len(b)
    h = rnn__inputs_first(x, h0, Wx, Wh, b)
    da, later = np.zeros((N, T, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        da[:, t] = (dout[:, t] + later) * (1 - h[:, t] ** 2)
        later = da[:, t] @ Wh.T
    before = np.concatenate([h0.reshape(N, 1, H), h[:, : T - 1]], axis=1)
    dWx = x.reshape(-1, D).T @ da.reshape(-1, H)
    dWh = np.einsum("nti,ntj->ij", before, da)
    return da @ Wx.T, later, dWx, dWh, da.sum((0, 1))


def rnn_backward__recursive(dout, x, h0, Wx, Wh, b):
    """The first step, and all the others as a shorter sequence."""
    h = np.tanh(x[:, 0] @ Wx + h0 @ Wh + b)
    dh, rest = dout[:, 0], None
    if x.shape[1] > 1:
        rest = rnn_backward__recursive(dout[:, 1:], x[:, 1:], h, Wx, Wh, b)
        dh = dh + rest[1]
    dx, dh0, *weights = rnn_step_backward__joined(dh, x[:, 0], h0, Wx, Wh, b)
    dx = dx[:, None]
    if rest:
        dx = np.concatenate([dx, rest[0]], axis=1)
        weights = [a + b for a, b in zip(weights, rest[2:], strict=True)]
    return dx, dh0, *weights


def gru_cell__block_by_block(x, h, Wx, Wh, bx, bh):
    H = h.shape[1]

    def block(k):
        columns = slice(k * H, (k + 1) * H)
        return x @ Wx[:, columns] + bx[columns], h @ Wh[:, columns] + bh[columns]

    r, z = logistic(sum(block(0))), logistic(sum(block(1)))
    from_x, from_h = block(2)
    n = np.tanh(from_x + r * from_h)
    return n + z * (h - n)


def gru_cell__plain_sigmoid(x, h, Wx, Wh, bx, bh):
    N, H = h.shape
    a = (x @ Wx + bx).reshape(N, 3, H)
    b = (h @ Wh + bh).reshape(N, 3, H)
    # exp may overflow to inf here, and 1 / inf is the right answer, 0
    r, z = (1 / (1 + np.exp(-(a[:, k] + b[:, k]))) for k in (0, 1))
    return z * h + (1 - z) * np.tanh(a[:, 2] + b[:, 2] * r)


def lstm_cell__reshaped(x, h, c, Wx, Wh, b):
    sums = (np.hstack([x, h]) @ np.vstack([Wx, Wh]) + b).reshape(len(x), 4, -1)
    i, f, o = logistic(sums[:, 0]), logistic(sums[:, 1]), logistic(sums[:, 3])
    cell = c * f + np.tanh(sums[:, 2]) * i
    return np.tanh(cell) * o, cell


def lstm_cell__loops(x, h, c, Wx, Wh, b):
    N, H = h.shape
    h_next, c_next = np.zeros((N, H)), np.zeros((N, H))
    for n in range(N):
        sums = Wx.T @ x[n] + Wh.T @ h[n] + b
        for j in range(H):
            i, f, o = (1 / (1 + math.exp(min(-sums[j + k * H], 700.0))) for k in (0, 1, 3))
            c_next[n, j] = f * c[n, j] + i * math.tanh(sums[j + 2 * H])
            h_next[n, j] = o * math.tanh(c_next[n, j])
    return [h_next, c_next]


def lstm_cell_backward__joined(dh_next, dc_next, x, h, c, Wx, Wh, b):
    N, D = x.shape
    inputs, W = np.concatenate([x, h], axis=1), np.concatenate([Wx, Wh])
    sums = (inputs @ W + b).reshape(N, 4, -1)
    gates, slopes = logistic(sums), logistic(sums) * logistic(-sums)
    gates[:, 2] = np.tanh(sums[:, 2])
    slopes[:, 2] = 1 - gates[:, 2] ** 2
    i, f, g, o = gates.transpose(1, 0, 2)
    t = np.tanh(f * c + i * g)
    dcell = dc_next + dh_next * o * (1 - t * t)
    da = (np.stack([dcell * g, dcell * c, dcell * i, dh_next * t], axis=1) * slopes).reshape(N, -1)
    dinputs, dW = da @ W.T, inputs.T @ da
    return dinputs[:, :D], dinputs[:, D:], dcell * f, dW[:D], dW[D:], da.sum(0)


def lstm_cell_backward__one_example_at_a_time(dh_next, dc_next, x, h, c, Wx, Wh, b):
    H = h.shape[1]
    dx, dh, dc = np.zeros(x.shape), np.zeros(h.shape), np.zeros(c.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
    for n in range(len(x)):
        sums = x[n] @ Wx + h[n] @ Wh + b
        i, f, o = logistic(sums[:H]), logistic(sums[H : 2 * H]), logistic(sums[3 * H :])
        g = np.tanh(sums[2 * H : 3 * H])
        new = f * c[n] + i * g
        dnew = dc_next[n] + dh_next[n] * o * (1 - np.tanh(new) ** 2)
        da = np.zeros(4 * H)
        da[:H] = dnew * g * i * (1 - i)
        da[H : 2 * H] = dnew * c[n] * f * (1 - f)
        da[2 * H : 3 * H] = dnew * i * (1 - g) * (1 + g)
        da[3 * H :] = dh_next[n] * np.tanh(new) * o * (1 - o)
        dx[n], dh[n], dc[n] = Wx @ da, Wh @ da, f * dnew
        dWx += x[n][:, None] * da
        dWh += h[n][:, None] * da
        db += da
    return [dx, dh, dc, dWx, dWh, db]


def lstm__inputs_first(x, h0, c0, Wx, Wh, b):
    N, T, _ = x.shape
    drive = (x @ Wx + b).reshape(N, T, 4, -1)
    h, c, outputs = h0, c0, np.zeros((N, T, h0.shape[1]))
    for t in range(T):
        sums = drive[:, t] + (h @ Wh).reshape(N, 4, -1)
        i, f, o = (logistic(sums[:, k]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(sums[:, 2])
        h = o * np.tanh(c)
        outputs[:, t] = h
    return [outputs, [h, c]]


def lstm__recursive(x, h0, c0, Wx, Wh, b):
    h, c = lstm_cell__reshaped(x[:, 0], h0, c0, Wx, Wh, b)
    if x.shape[1] == 1:
        return np.expand_dims(h, 1), (h, c)
    outputs, state = lstm__recursive(x[:, 1:], h, c, Wx, Wh, b)
    return np.concatenate([h[:, None, :], outputs], axis=1), state


def ssm_discretize__small_steps_kept(A, B, delta):
    """expm1 loses nothing where a step is short."""
    z = np.einsum("ntd,ds->ntds", delta, A)
    return [np.exp(z), np.expm1(z) / A * np.expand_dims(B, 2)]


def ssm_discretize__loops(A, B, delta):
    N, T, D = delta.shape
    A_bar, B_bar = np.zeros((N, T, D, A.shape[1])), np.zeros((N, T, D, A.shape[1]))
    for n, t, d, s in np.ndindex(A_bar.shape):
        A_bar[n, t, d, s] = math.exp(delta[n, t, d] * A[d, s])
        B_bar[n, t, d, s] = B[n, t, s] * (1 - A_bar[n, t, d, s]) / -A[d, s]
    return A_bar, B_bar


def selective_scan__channel_by_channel(x, delta, A, B, C):
    N, T, D = x.shape
    y = np.zeros((N, T, D))
    for n in range(N):
        for d in range(D):
            h = np.zeros(A.shape[1])
            for t in range(T):
                h = h * np.exp(delta[n, t, d] * A[d]) + B[n, t] * (delta[n, t, d] * x[n, t, d])
                y[n, t, d] = C[n, t] @ h
    return y


def selective_scan__einsum(x, delta, A, B, C):
    """All factors first, and then the loop."""
    keep = np.exp(np.einsum("ntd,ds->tnds", delta, A))
    comes_in = np.einsum("ntd,nts,ntd->tnds", delta, B, x)
    states = [np.zeros_like(comes_in[0])]
    for kept, new in zip(keep, comes_in, strict=True):
        states.append(kept * states[-1] + new)
    return np.einsum("tnds,nts->ntd", np.array(states[1:]), C)


def selective_scan__doubling(x, delta, A, B, C):
    """As on a GPU: spans of 1, 2, 4, … steps are joined, in about log T passes."""
    keep = np.exp(delta[..., None] * A)
    h = delta[..., None] * B[:, :, None] * x[..., None]
    span = 1
    while span < x.shape[1]:
        h = np.concatenate([h[:, :span], h[:, span:] + keep[:, span:] * h[:, :-span]], axis=1)
        keep = np.concatenate([keep[:, :span], keep[:, span:] * keep[:, :-span]], axis=1)
        span *= 2
    return (h * C[:, :, None]).sum(-1)


def perplexity__loop(logits, targets, ignore=-1):
    losses = []
    for place in np.ndindex(targets.shape):
        if targets[place] != ignore:
            row = logits[place].tolist()
            top = max(row)
            losses.append(top + math.log(sum(math.exp(z - top) for z in row)) - row[targets[place]])
    return math.exp(sum(losses) / len(losses))


def perplexity__weights(logits, targets, ignore=-1):
    """Ignored positions get the weight 0, and any target."""
    kept = np.where(targets == ignore, 0.0, 1.0)
    safe = np.where(targets == ignore, 0, targets)
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(log_p, safe[..., None], axis=-1)[..., 0]
    return np.exp(-(chosen * kept).sum() / kept.sum())


class LSTM__joined_and_unhelped(torch.nn.Module):
    """One matrix for input and state together, gates in another order, no help for the forget gate, PyTorch's answer."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        bound = hidden_size**-0.5
        weights = torch.rand(4, input_size + hidden_size, hidden_size)
        self.weights = torch.nn.Parameter((2 * weights - 1) * bound)
        self.biases = torch.nn.Parameter(torch.zeros(4, 1, hidden_size))

    def forward(self, x):
        memory = state = torch.zeros(x.shape[0], self.biases.shape[-1], device=x.device)
        outputs = torch.empty(*x.shape[:2], state.shape[1], device=x.device)
        for t in range(x.shape[1]):
            forget, write, read, new = torch.cat([x[:, t], state], 1) @ self.weights + self.biases
            memory = memory * torch.sigmoid(forget) + torch.sigmoid(write) * torch.tanh(new)
            state = torch.sigmoid(read) * torch.tanh(memory)
            outputs[:, t] = state
        return outputs, (state, memory)


def embedding__take(ids, table):
    return np.take(table, ids, axis=0)


def perplexity__logaddexp(logits, targets, ignore=-1):
    z, y = logits[targets != ignore], targets[targets != ignore]
    return np.exp(np.mean(np.logaddexp.reduce(z, axis=-1) - z[np.arange(len(y)), y]))
