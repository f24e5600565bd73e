"""Independent truth for this unit: PyTorch in float64, or Python's own strings. Read by `grade dev check` alone."""

import numpy as np
import torch
from scipy import signal
from torch.nn import functional as F

torch.set_num_threads(1)


def gradients(forward, upstream, *inputs):
    """What autograd says of `forward`, a torch function with a tuple of answers, in each of its inputs."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in inputs]
    outputs = forward(*leaves)
    found = torch.autograd.grad(outputs, leaves, [torch.from_numpy(a) for a in upstream])
    return tuple(g.numpy() for g in found)


def call(forward, *inputs):
    """The answers of a torch function for NumPy's arrays."""
    return tuple(out.numpy() for out in forward(*(torch.from_numpy(a) for a in inputs)))


def tokenize_bpe_merge(ids, pair, new_id):
    """Each token becomes a character; Python's replace reads from left to right, too."""
    text = "".join(map(chr, ids)).replace("".join(map(chr, pair)), chr(new_id))
    return list(map(ord, text))


def embedding(ids, table):
    return call(lambda ids, table: (F.embedding(ids, table),), ids, table)[0]


def embedding_backward(dout, ids, table):
    return gradients(lambda table: (F.embedding(torch.from_numpy(ids), table),), [dout], table)[0]


def skipgram_pairs(tokens, window):
    places = [(i, j) for i in range(len(tokens)) for j in range(len(tokens))]
    return [(tokens[i], tokens[j]) for i, j in places if 0 < abs(i - j) <= window]


def negative_sampling(center, context, negatives):
    def loss(center, context, negatives):
        return (-F.logsigmoid(torch.dot(context, center)) - F.logsigmoid(-negatives.mv(center)).sum(),)

    inputs = center, context, negatives
    return call(loss, *inputs)[0], *gradients(loss, [np.array(1.0)], *inputs)


def _rnn_step(x, h, Wx, Wh, b):
    return (torch.rnn_tanh_cell(x, h, Wx.T, Wh.T, b, torch.zeros_like(b)),)


def _rnn(x, h0, Wx, Wh, b):
    weights = [Wx.T, Wh.T, b, torch.zeros_like(b)]
    return (torch.rnn_tanh(x, h0[None], weights, True, 1, 0.0, False, False, True)[0],)


def _lstm_cell(x, h, c, Wx, Wh, b):
    return torch.lstm_cell(x, (h, c), Wx.T, Wh.T, b, torch.zeros_like(b))


def rnn_step(x, h, Wx, Wh, b):
    return call(_rnn_step, x, h, Wx, Wh, b)[0]


def rnn_step_backward(dh_next, x, h, Wx, Wh, b):
    return gradients(_rnn_step, [dh_next], x, h, Wx, Wh, b)


def rnn(x, h0, Wx, Wh, b):
    return call(_rnn, x, h0, Wx, Wh, b)[0]


def rnn_backward(dout, x, h0, Wx, Wh, b):
    return gradients(_rnn, [dout], x, h0, Wx, Wh, b)


def gru_cell(x, h, Wx, Wh, bx, bh):
    return call(lambda x, h, Wx, Wh, bx, bh: (torch.gru_cell(x, h, Wx.T, Wh.T, bx, bh),), x, h, Wx, Wh, bx, bh)[0]


def lstm_cell(x, h, c, Wx, Wh, b):
    return call(_lstm_cell, x, h, c, Wx, Wh, b)


def lstm_cell_backward(dh_next, dc_next, x, h, c, Wx, Wh, b):
    return gradients(_lstm_cell, [dh_next, dc_next], x, h, c, Wx, Wh, b)


def lstm(x, h0, c0, Wx, Wh, b):
    def read(x, h0, c0, Wx, Wh, b):
        weights = [Wx.T, Wh.T, b, torch.zeros_like(b)]
        return torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, False, False, True)

    outputs, h, c = call(read, x, h0, c0, Wx, Wh, b)
    return outputs, (h[0], c[0])


def ssm_discretize(A, B, delta):
    """SciPy's zero-order hold, by the exponential of a matrix, for each channel and step."""
    N, T, D = delta.shape
    A_bar, B_bar = np.empty((2, N, T, D, A.shape[1]))
    for n, t, d in np.ndindex(N, T, D):
        system = np.diag(A[d]), B[n, t, :, None], np.eye(A.shape[1]), np.zeros((A.shape[1], 1))
        held = signal.cont2discrete(system, delta[n, t, d], method="zoh")
        A_bar[n, t, d], B_bar[n, t, d] = np.diag(held[0]), held[1][:, 0]
    return A_bar, B_bar


def selective_scan(x, delta, A, B, C):
    """Without a state: every step asks each earlier one what is left of it."""
    N, T, D = x.shape
    passed = np.cumsum(delta, axis=1)
    y = np.zeros((N, T, D))
    for t in range(T):
        for s in range(t + 1):
            left = np.exp((passed[:, t] - passed[:, s])[:, :, None] * A) if s < t else np.ones((N, *A.shape))
            y[:, t] += delta[:, s] * x[:, s] * np.einsum("nk,nk,ndk->nd", C[:, t], B[:, s], left)
    return y


def perplexity(logits, targets, ignore=-1):
    rows, labels = torch.from_numpy(logits).reshape(-1, logits.shape[-1]), torch.from_numpy(targets).reshape(-1)
    return F.cross_entropy(rows, labels, ignore_index=ignore).exp().numpy()
