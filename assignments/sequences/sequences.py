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
    # YOUR CODE HERE
    raise NotImplementedError


def embedding(ids, table):
    """Look up the vector of each token.

    ids (...), table (V, D) -> out (..., D)

    Row v of the table is the vector of token v. ids is an integer array of any shape, from 0 to V-1; out has one more
    axis, the last.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def embedding_backward(dout, ids, table):
    """Gradient of an embedding look-up with respect to its table.

    dout (..., D), ids (...), table (V, D) -> dtable (V, D)

    The forward is out = embedding(ids, table). A token may occur any number of times, or never. The ids are integers
    and have no gradient, so that the table's is the only one.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def skipgram_pairs(tokens, window):
    """Pair each token with every token near it, as word2vec is trained on.

    tokens [T], window -> pairs [(center, context), ...]

    A context is at most `window` positions to the left or to the right of its center, and never the center's own position;
    it may be an equal token. `pairs` is a list, centers from left to right, and for each center its contexts from left to
    right. Tokens are a list of integers; window is a positive integer.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def negative_sampling(center, context, negatives):
    """Loss of word2vec's negative sampling for one center word, and its gradients.

    center (D,), context (D,), negatives (S, D) -> loss, dcenter (D,), dcontext (D,), dnegatives (S, D)

    loss = -log σ(context·center) - Σ_s log σ(-negatives[s]·center), a sum and not a mean over the S negatives, with
    σ(x) = 1 / (1 + exp(-x)). A negative that occurs twice counts twice. Dot products may be as far out as ±1000, where
    the loss is finite.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def rnn_step(x, h, Wx, Wh, b):
    """One step of a plain recurrent network: a new state from an input and the old state.

    x (N, D), h (N, H), Wx (D, H), Wh (H, H), b (H,) -> h_next (N, H)

    h_next = tanh(x·Wx + h·Wh + b). What goes into tanh may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def rnn_step_backward(dh_next, x, h, Wx, Wh, b):
    """Gradients of one step of a plain recurrent network.

    dh_next (N, H), x (N, D), h (N, H), Wx (D, H), Wh (H, H), b (H,) -> dx, dh, dWx, dWh, db

    The forward is h_next = tanh(x·Wx + h·Wh + b); dh_next is the gradient of the loss in h_next. Each gradient has the
    shape of its input. What goes into tanh may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def rnn(x, h0, Wx, Wh, b):
    """Run a plain recurrent network over whole sequences and return its state after every step.

    x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> h (N, T, H)

    h[:, t] = tanh(x[:, t]·Wx + h[:, t-1]·Wh + b), and before the first step the state is h0, which is no part of the
    answer. T is at least 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def rnn_backward(dout, x, h0, Wx, Wh, b):
    """Gradients of a plain recurrent network: backpropagation through time.

    dout (N, T, H), x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) -> dx, dh0, dWx, dWh, db

    The forward is rnn(x, h0, Wx, Wh, b); dout[:, t] is the gradient of the loss in the state after step t as the loss
    itself uses it, without what reaches that state through later ones. Each gradient has the shape of its input.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def gru_cell(x, h, Wx, Wh, bx, bh):
    """One step of a gated recurrent unit.

    x (N, D), h (N, H), Wx (D, 3H), Wh (H, 3H), bx (3H,), bh (3H,) -> h_next (N, H)

    The columns of Wx, Wh, bx and bh are three blocks of H: reset r, update z, new n. With xr and hr for the first block
    of x·Wx + bx and of h·Wh + bh, and so on for the others:
    r = σ(xr + hr), z = σ(xz + hz), n = tanh(xn + r ⊙ hn), h_next = (1 - z) ⊙ n + z ⊙ h; ⊙ multiplies entry by entry.
    σ(x) = 1 / (1 + exp(-x)); what goes into it may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def lstm_cell(x, h, c, Wx, Wh, b):
    """One step of a long short-term memory: a new hidden state and a new cell state.

    x (N, D), h (N, H), c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> h_next (N, H), c_next (N, H)

    The columns of x·Wx + h·Wh + b are four blocks of H: i, f, g, o, in this order. Of i, f and o the sigmoid is taken,
    of g the tanh; then c_next = f ⊙ c + i ⊙ g and h_next = o ⊙ tanh(c_next), where ⊙ multiplies entry by entry.
    σ(x) = 1 / (1 + exp(-x)); what goes into it may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def lstm_cell_backward(dh_next, dc_next, x, h, c, Wx, Wh, b):
    """Gradients of one step of a long short-term memory.

    dh_next (N, H), dc_next (N, H), x (N, D), h (N, H), c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> dx, dh, dc, dWx, dWh, db

    The forward is lstm_cell(x, h, c, Wx, Wh, b). dh_next and dc_next are the gradients of the loss in its two answers;
    dc_next is what reaches c_next from later steps, without the path through h_next. Each gradient has the shape of its
    input. What goes into the gates may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def lstm(x, h0, c0, Wx, Wh, b):
    """Run a long short-term memory over whole sequences.

    x (N, T, D), h0 (N, H), c0 (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,) -> outputs (N, T, H), state (h, c)

    Each step is lstm_cell: gates i, f, g, o. outputs[:, t] is the hidden state after step t; `state` is a pair, hidden
    and cell state after the last step, each (N, H). The first step starts from h0 and c0. T is at least 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def ssm_discretize(A, B, delta):
    """From a state that flows to one that steps: zero-order hold for a diagonal state space.

    A (D, S), B (N, T, S), delta (N, T, D) -> A_bar (N, T, D, S), B_bar (N, T, D, S)

    In continuous time a state h follows dh/dt = A·h + B·x. Hold x for the time delta: then h becomes A_bar·h + B_bar·x,
    exactly, where A_bar = exp(delta·A) and B_bar = (A_bar − 1)/A·B. Each of the D channels has S states, with the negative
    entries of A (D, S), and steps delta of its own; B is shared by the channels. |delta·A| lies between 0.001 and 50.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def selective_scan(x, delta, A, B, C):
    """A linear recurrence that chooses, at every step, what to keep and what to let in: the heart of Mamba.

    x (N, T, D), delta (N, T, D), A (D, S), B (N, T, S), C (N, T, S) -> y (N, T, D)

    Each channel has S states, 0 before the first step: h_t = exp(delta_t·A)·h_(t−1) + delta_t·B_t·x_t, and
    y_t = Σ_s C_t[s]·h_t[s], so that x_t counts in y_t. What comes in is scaled with delta, not with the B_bar of
    `ssm_discretize`. A is negative, and |delta·A| lies between 0.001 and 50. Nothing else is added to y.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def perplexity(logits, targets, ignore=-1):
    """The perplexity of a language model: the number of equally likely tokens that would be as hard to predict.

    logits (..., V), targets (...), ignore -> perplexity

    exp of the mean of -log(softmax(logits)[target]) over all positions, whatever their axes, but for those where the
    target equals `ignore`: they count neither in the sum nor in the number of terms. At least one position is kept.
    Kept targets are from 0 to V-1; `ignore` may be any integer, one of these, too. Logits may be as far out as ±1000.
    """
    # YOUR CODE HERE
    raise NotImplementedError


class LSTM(nn.Module):
    """A long short-term memory that reads sequences, as a PyTorch module.

    Choose its layers and their names yourself: nn.Linear and nn.Parameter are enough. nn.LSTM and PyTorch's other recurrent
    layers are forbidden. The module learns fastest if the forget gate starts near 1.
    """

    def __init__(self, input_size, hidden_size):
        """Sequences of `input_size` features are read into a state of `hidden_size` units."""
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x):
        """x (N, T, input_size) -> outputs (N, T, hidden_size)

        outputs[:, t] is the state h after step t. The state h and the memory c start at zero. All is differentiable.
        """
        # YOUR CODE HERE
        raise NotImplementedError
