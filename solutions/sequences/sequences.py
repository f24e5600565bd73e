"""Sequences: recurrence and embeddings.

Text becomes numbers in two steps: a tokenizer turns it into integers, and an embedding turns each integer into a vector. A
recurrent network then reads the vectors one after another and keeps what it has read in a state. Sequences are
(N, T, D): N examples, T time steps, D features. A linear layer is x @ W + b with W of shape (D, M).

The functions are written in NumPy. What is trained at the end is a module in PyTorch.
"""

import numpy as np
import torch
from torch import nn


def tokenize_bpe_merge(ids, pair, new_id):
    """Replace every occurrence of a pair of neighbouring tokens by one new token.

    ids [T], pair (first, second), new_id -> merged

    One merge of byte-pair encoding. The list is read from left to right, and tokens that were merged are used up: in
    a, a, a the pair (a, a) occurs once, at the start. `merged` is a new list of integers; `ids` stays as it is.
    """
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def embedding(ids, table):
    """Look up the vector of each token.

    ids (...), table (V, D) -> out (..., D)

    Row v of the table is the vector of token v. ids is an integer array of any shape, from 0 to V-1; out has one more
    axis, the last.
    """
    return table[ids]


def embedding_backward(dout, ids, table):
    """Gradient of an embedding look-up with respect to its table.

    dout (..., D), ids (...), table (V, D) -> dtable (V, D)

    The forward is out = embedding(ids, table). A token may occur any number of times, or never. The ids are integers
    and have no gradient, so that the table's is the only one.
    """
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, dout)  # unlike dtable[ids] += dout, it counts a repeated id each time
    return dtable


def skipgram_pairs(tokens, window):
    """Pair each token with every token near it, as word2vec is trained on.

    tokens [T], window -> pairs [(center, context), ...]

    A context is at most `window` positions to the left or to the right of its center, and never the center's own position;
    it may be an equal token. `pairs` is a list, centers from left to right, and for each center its contexts from left to
    right. Tokens are a list of integers; window is a positive integer.
    """
    pairs = []
    for i, center in enumerate(tokens):
        for j in range(max(0, i - window), min(len(tokens), i + window + 1)):
            if j != i:
                pairs.append((center, tokens[j]))
    return pairs


def _sigmoid(x):
    e = np.exp(-np.abs(x))  # at most 1, whatever the sign of x
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def negative_sampling(center, context, negatives):
    """Loss of word2vec's negative sampling for one center word, and its gradients.

    center (D,), context (D,), negatives (S, D) -> loss, dcenter (D,), dcontext (D,), dnegatives (S, D)

    loss = -log σ(context·center) - Σ_s log σ(-negatives[s]·center), a sum and not a mean over the S negatives, with
    σ(x) = 1 / (1 + exp(-x)). A negative that occurs twice counts twice. Dot products may be as far out as ±1000, where
    the loss is finite.
    """
    positive, negative = context @ center, negatives @ center
    loss = np.logaddexp(0.0, -positive) + np.logaddexp(0.0, negative).sum()
    dpositive, dnegative = -_sigmoid(-positive), _sigmoid(negative)
    dcenter = dpositive * context + dnegative @ negatives
    dcontext = dpositive * center
    dnegatives = np.outer(dnegative, center)
    return loss, dcenter, dcontext, dnegatives


def rnn_step(x, h, Wx, Wh, b):
    """One step of a plain recurrent network: a new state from an input and the old state.

    x (N, D), h (N, H), Wx (D, H), Wh (H, H), b (H,) -> h_next (N, H)

    h_next = tanh(x·Wx + h·Wh + b). What goes into tanh may be as far out as ±1000.
    """
    return np.tanh(x @ Wx + h @ Wh + b)


def rnn_step_backward(dh_next, x, h, Wx, Wh, b):
    """Gradients of one step of a plain recurrent network.

    dh_next (N, H), x (N, D), h (N, H), Wx (D, H), Wh (H, H), b (H,) -> dx, dh, dWx, dWh, db

    The forward is h_next = tanh(x·Wx + h·Wh + b); dh_next is the gradient of the loss in h_next. Each gradient has the
    shape of its input. What goes into tanh may be as far out as ±1000.
    """
    h_next = rnn_step(x, h, Wx, Wh, b)
    da = dh_next * (1.0 - h_next**2)  # a is what goes into tanh
    return da @ Wx.T, da @ Wh.T, x.T @ da, h.T @ da, da.sum(axis=0)


def rnn(x, h0, Wx, Wh, b):
    """Run a plain recurrent network over whole sequences and return its state after every step.

    x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> h (N, T, H)

    h[:, t] = tanh(x[:, t]·Wx + h[:, t-1]·Wh + b), and before the first step the state is h0, which is no part of the
    answer. T is at least 1.
    """
    states = [h0]
    for t in range(x.shape[1]):
        states.append(rnn_step(x[:, t], states[-1], Wx, Wh, b))
    return np.stack(states[1:], axis=1)


def rnn_backward(dout, x, h0, Wx, Wh, b):
    """Gradients of a plain recurrent network: backpropagation through time.

    dout (N, T, H), x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> dx, dh0, dWx, dWh, db

    The forward is rnn(x, h0, Wx, Wh, b); dout[:, t] is the gradient of the loss in the state after step t as the loss
    itself uses it, without what reaches that state through later ones. Each gradient has the shape of its input.
    """
    h = rnn(x, h0, Wx, Wh, b)
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)  # the state that each step started from
    dx, dh = np.zeros_like(x), np.zeros_like(h0)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for t in reversed(range(x.shape[1])):
        step = rnn_step_backward(dout[:, t] + dh, x[:, t], before[:, t], Wx, Wh, b)
        dx[:, t], dh = step[:2]
        dWx += step[2]
        dWh += step[3]
        db += step[4]
    return dx, dh, dWx, dWh, db


def gru_cell(x, h, Wx, Wh, bx, bh):
    """One step of a gated recurrent unit.

    x (N, D), h (N, H), Wx (D, 3H), Wh (H, 3H), bx (3H,), bh (3H,) -> h_next (N, H)

    The columns of Wx, Wh, bx and bh are three blocks of H: reset r, update z, new n. With xr and hr for the first block
    of x·Wx + bx and of h·Wh + bh, and so on for the others:
    r = σ(xr + hr), z = σ(xz + hz), n = tanh(xn + r ⊙ hn), h_next = (1 - z) ⊙ n + z ⊙ h; ⊙ multiplies entry by entry.
    σ(x) = 1 / (1 + exp(-x)); what goes into it may be as far out as ±1000.
    """
    xr, xz, xn = np.split(x @ Wx + bx, 3, axis=-1)
    hr, hz, hn = np.split(h @ Wh + bh, 3, axis=-1)
    r = _sigmoid(xr + hr)
    z = _sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
    return (1.0 - z) * n + z * h


def _gates(x, h, Wx, Wh, b):
    """Input, forget, cell and output gates of an LSTM, each (N, H), after their nonlinearities."""
    i, f, g, o = np.split(x @ Wx + h @ Wh + b, 4, axis=-1)
    return _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)


def lstm_cell(x, h, c, Wx, Wh, b):
    """One step of a long short-term memory: a new hidden state and a new cell state.

    x (N, D), h (N, H), c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> h_next (N, H), c_next (N, H)

    The columns of x·Wx + h·Wh + b are four blocks of H: i, f, g, o, in this order. Of i, f and o the sigmoid is taken,
    of g the tanh; then c_next = f ⊙ c + i ⊙ g and h_next = o ⊙ tanh(c_next), where ⊙ multiplies entry by entry.
    σ(x) = 1 / (1 + exp(-x)); what goes into it may be as far out as ±1000.
    """
    i, f, g, o = _gates(x, h, Wx, Wh, b)
    c_next = f * c + i * g
    h_next = o * np.tanh(c_next)
    return h_next, c_next


def lstm_cell_backward(dh_next, dc_next, x, h, c, Wx, Wh, b):
    """Gradients of one step of a long short-term memory.

    dh_next (N, H), dc_next (N, H), x (N, D), h (N, H), c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> dx, dh, dc, dWx, dWh, db

    The forward is lstm_cell(x, h, c, Wx, Wh, b). dh_next and dc_next are the gradients of the loss in its two answers;
    dc_next is what reaches c_next from later steps, without the path through h_next. Each gradient has the shape of its
    input. What goes into the gates may be as far out as ±1000.
    """
    i, f, g, o = _gates(x, h, Wx, Wh, b)
    shown = np.tanh(f * c + i * g)
    dc = dc_next + dh_next * o * (1.0 - shown**2)  # of c_next, by both ways
    di = dc * g * i * (1.0 - i)
    df = dc * c * f * (1.0 - f)
    dg = dc * i * (1.0 - g**2)
    do = dh_next * shown * o * (1.0 - o)
    da = np.concatenate([di, df, dg, do], axis=-1)  # of what goes into the gates
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, h.T @ da, da.sum(axis=0)


def lstm(x, h0, c0, Wx, Wh, b):
    """Run a long short-term memory over whole sequences.

    x (N, T, D), h0 (N, H), c0 (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> outputs (N, T, H), state (h, c)

    Each step is lstm_cell: gates i, f, g, o. outputs[:, t] is the hidden state after step t; `state` is a pair, hidden
    and cell state after the last step, each (N, H). The first step starts from h0 and c0. T is at least 1.
    """
    h, c = h0, c0
    outputs = []
    for t in range(x.shape[1]):
        h, c = lstm_cell(x[:, t], h, c, Wx, Wh, b)
        outputs.append(h)
    return np.stack(outputs, axis=1), (h, c)


def ssm_discretize(A, B, delta):
    """From a state that flows to one that steps: zero-order hold for a diagonal state space.

    A (D, S), B (N, T, S), delta (N, T, D) -> A_bar (N, T, D, S), B_bar (N, T, D, S)

    In continuous time a state h follows dh/dt = A·h + B·x. Hold x for the time delta: then h becomes A_bar·h + B_bar·x,
    exactly, where A_bar = exp(delta·A) and B_bar = (A_bar − 1)/A·B. Each of the D channels has S states, with the negative
    entries of A (D, S), and steps delta of its own; B is shared by the channels. |delta·A| lies between 0.001 and 50.
    """
    A_bar = np.exp(delta[..., None] * A)
    B_bar = (A_bar - 1.0) / A * B[:, :, None, :]
    return A_bar, B_bar


def selective_scan(x, delta, A, B, C):
    """A linear recurrence that chooses, at every step, what to keep and what to let in: the heart of Mamba.

    x (N, T, D), delta (N, T, D), A (D, S), B (N, T, S), C (N, T, S) -> y (N, T, D)

    Each channel has S states, 0 before the first step: h_t = exp(delta_t·A)·h_(t−1) + delta_t·B_t·x_t, and
    y_t = Σ_s C_t[s]·h_t[s], so that x_t counts in y_t. What comes in is scaled with delta, not with the B_bar of
    `ssm_discretize`. A is negative, and |delta·A| lies between 0.001 and 50. Nothing else is added to y.
    """
    N, T, D = x.shape
    h, y = np.zeros((N, D, A.shape[1])), np.empty((N, T, D))
    for t in range(T):
        step = delta[:, t, :, None]
        h = np.exp(step * A) * h + step * B[:, t, None, :] * x[:, t, :, None]
        y[:, t] = (h * C[:, t, None, :]).sum(axis=-1)
    return y


def perplexity(logits, targets, ignore=-1):
    """The perplexity of a language model: the number of equally likely tokens that would be as hard to predict.

    logits (..., V), targets (...), ignore -> perplexity

    exp of the mean of -log(softmax(logits)[target]) over all positions, whatever their axes, but for those where the
    target equals `ignore`: they count neither in the sum nor in the number of terms. At least one position is kept.
    Kept targets are from 0 to V-1; `ignore` may be any integer, one of these, too. Logits may be as far out as ±1000.
    """
    kept = targets != ignore
    logits, targets = logits[kept], targets[kept]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    losses = log_total - shifted[np.arange(len(targets)), targets]
    return np.exp(losses.mean())


class LSTM(nn.Module):
    """A long short-term memory that reads sequences, as a PyTorch module.

    Choose its layers and their names yourself: nn.Linear and nn.Parameter are enough. nn.LSTM and PyTorch's other recurrent
    layers are forbidden. The module learns fastest if the forget gate starts near 1.
    """

    def __init__(self, input_size, hidden_size):
        """Sequences of `input_size` features are read into a state of `hidden_size` units."""
        super().__init__()
        self.hidden_size = hidden_size
        self.from_input = nn.Linear(input_size, 4 * hidden_size)
        self.from_state = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        with torch.no_grad():
            self.from_input.bias[hidden_size : 2 * hidden_size] += 1.0

    def forward(self, x):
        """x (N, T, input_size) -> outputs (N, T, hidden_size)

        outputs[:, t] is the state h after step t. The state h and the memory c start at zero. All is differentiable.
        """
        h = c = x.new_zeros(len(x), self.hidden_size)
        outputs = []
        for from_input in self.from_input(x).unbind(1):
            i, f, g, o = (from_input + self.from_state(h)).chunk(4, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, 1)
