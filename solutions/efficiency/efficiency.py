"""Efficiency: fewer bits, fewer bytes, fewer steps.

A trained model is a long list of numbers, and it works as well if they are not as exact. This unit stores weights in eight
bits or in four, multiplies them as integers, trains in half precision, leaves weights out, and trades memory for time; and
it counts what all that saves.

Quantised numbers are integers, of any width that holds them. Zero points are ints, scales are floats. Everything is NumPy.
"""

import numpy as np

# Numbers in a few bits


def quantize_affine(x, bits=8):
    """Write an array as integers of a few bits, with one scale and one zero point for the whole of it.

    x (...) -> q (...), scale, zero_point

    The range begins at lo, the smallest entry or 0 if all are above it, and ends at hi, the largest entry or 0 if all are below.
    It is cut into 2^bits − 1 equal steps: scale = (hi − lo)/(2^bits − 1). The integer of 0 is zero_point = round(−lo/scale),
    and that of x is q = round(x/scale) + zero_point, from 0 to 2^bits − 1. An array of nothing but zeros has scale 1 and
    zero_point 0. bits is 2 to 8; q are integers of any width, zero_point is an int. No entry lies half-way between two.
    """
    lo, hi, most = min(x.min(), 0.0), max(x.max(), 0.0), 2**bits - 1
    scale = (hi - lo) / most if hi > lo else 1.0
    zero_point = round(-lo / scale)
    q = np.clip(np.round(x / scale) + zero_point, 0, most)
    return q.astype(np.uint8), scale, zero_point


def dequantize(q, scale, zero_point):
    """Turn quantised numbers back into floats.

    q (...), scale, zero_point -> x (...)

    x = (q − zero_point)·scale. q is uint8, int8 or int64, and the difference may lie outside what q's type can hold: it must
    not wrap round. scale and zero_point are numbers.
    """
    return (q.astype(float) - zero_point) * scale


def quantize_per_channel(W, axis, bits=8):
    """Write weights as signed integers of a few bits, with a scale for each channel and no zero point.

    W (...), axis, bits -> q (...), scales (C,)

    A channel is a slice at one index along `axis`, which is at least 0; C is the number of them, W.shape[axis]. Its scale is
    its largest magnitude divided by 2^(bits−1) − 1, or 1 if it is nothing but zeros; q = round(W/scale), which lies within
    ±(2^(bits−1) − 1). W has two to four axes, bits is 2 to 8; q are integers of any width. No entry lies half-way.
    """
    others = tuple(i for i in range(W.ndim) if i != axis)
    largest = np.abs(W).max(axis=others, keepdims=True)
    scales = np.where(largest > 0, largest / (2 ** (bits - 1) - 1), 1.0)
    return np.round(W / scales).astype(np.int8), scales.ravel()


def int8_matmul(qx, scale_x, zero_x, qw, scales_w):
    """The product of two quantised matrices: summed in integers, scaled once at the end.

    qx (N, D), scale_x, zero_x, qw (D, M), scales_w (M,) -> out (N, M)

    out = ((qx − zero_x)·scale_x) @ (qw·scales_w). qx is uint8 with one scale and one zero point, as quantize_affine makes it;
    qw is int8 within ±127 with a scale for each column, as quantize_per_channel makes it with axis 1. The sums of products
    need more than 16 bits, and 32 are enough.
    """
    sums = (qx.astype(np.int32) - zero_x) @ qw.astype(np.int32)
    return sums * scale_x * scales_w


def pack_int4(w, group):
    """Write weights in four bits each, two to a byte, with a scale for every few rows of each column.

    w (D, M), group -> packed (D/2, M), scales (D/group, M)

    `group` consecutive rows of one column share a scale: their largest magnitude divided by 7, or 1 if they are nothing but
    zeros. The weights become integers, round(w/scale), from −7 to 7, and are stored with 8 added, as 1 to 15. Row i of packed
    holds two rows: 2i in the low four bits, and 2i + 1 in the high four. packed is uint8; D is a multiple of group, and
    group is even. No entry lies half-way between two integers.
    """
    D, M = w.shape
    groups = w.reshape(D // group, group, M)
    largest = np.abs(groups).max(axis=1)
    scales = np.where(largest > 0, largest / 7, 1.0)
    stored = (np.round(groups / scales[:, None]) + 8).astype(np.uint8).reshape(D, M)
    return stored[0::2] | (stored[1::2] << 4), scales


def fake_quantize_backward(dout, x, scale, zero_point, low, high):
    """The straight-through gradient of quantising and dequantising: as if it were the identity, where nothing is clipped.

    dout (...), x (...), scale, zero_point, low, high -> dx (...)

    The forward is out = (clip(round(x/scale) + zero_point, low, high) − zero_point)·scale, and dout is the gradient of the loss
    in out. Its true slope is 0 nearly everywhere, with which nothing could be learned. Instead dout passes unchanged where
    low ≤ round(x/scale) + zero_point ≤ high, the ends included, and nothing passes elsewhere. No entry of x lies half-way.
    """
    q = np.round(x / scale) + zero_point
    return np.where((low <= q) & (q <= high), dout, 0.0)


# Numbers in sixteen bits


def to_bfloat16(x):
    """Round float32 numbers to those that bfloat16 holds: the same exponent, and 7 bits of the fraction instead of 23.

    x (...) -> out (...)

    x is a float32 array and so is out: a bfloat16 is the upper half of a float32, so that the lower 16 bits of each entry
    are 0. It is the nearest such number; of two that are as near, the one whose last bit is 0. Entries are 0, or between
    10⁻³⁷ and 10³⁸ in magnitude, and the answers are compared exactly.
    """
    bits = x.view(np.uint32)
    last = (bits >> 16) & 1  # of those that stay
    rounded = (bits + 0x7FFF + last) & 0xFFFF0000  # the sum carries from half-way on, at half-way itself if last is 1
    return rounded.view(np.float32)


def loss_scale_step(grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000):
    """One step of dynamic loss scaling: undo the scale, or leave the step out and lower it.

    grads, scale, good_steps -> unscaled, scale, good_steps

    grads is a list of arrays: gradients of the loss times scale, which are left as they are. If any entry is inf or nan the step
    is lost: unscaled is None, the new scale is scale·backoff, and the count of good steps starts again at 0. Otherwise unscaled
    is the list of the arrays divided by scale, and the count rises by 1. When it reaches interval, the new scale is scale·growth
    and the count starts again at 0. good_steps is below interval.
    """
    if not all(np.isfinite(g).all() for g in grads):
        return None, scale * backoff, 0
    unscaled = [g / scale for g in grads]
    good_steps += 1
    if good_steps == interval:
        return unscaled, scale * growth, 0
    return unscaled, scale, good_steps


# Fewer weights, and how many there should be


def prune_magnitude(W, sparsity):
    """Choose the weights to keep: all but the smallest ones.

    W (...), sparsity -> keep (...)

    keep is boolean and has the shape of W, True where the weight is kept. Exactly round(sparsity·size) entries of the whole
    array are removed, size being the number of its entries: those of least magnitude. sparsity lies between 0 and 1, both
    included. Magnitudes are distinct, and sparsity·size never ends in a half.
    """
    removed = np.argsort(np.abs(W), axis=None)[: round(sparsity * W.size)]
    keep = np.ones(W.size, dtype=bool)
    keep[removed] = False
    return keep.reshape(W.shape)


def power_law_fit(x, y):
    """Fit a power law: a straight line through logarithms.

    x (N,), y (N,) -> a, b

    Of y = a·x^(−b), the a and b for which the squared errors of log y add up to the least: not those of y. There is no
    constant term. x and y are positive, the x are distinct, and N is at least 2; y lies near a power law, not on it.
    """
    u, v = np.log(x), np.log(y)
    du = u - u.mean()
    slope = du @ v / (du @ du)
    return np.exp(v.mean() - slope * u.mean()), -slope


# Memory


def checkpointed_backward(layers, x, dout, every):
    """Backpropagation that keeps few activations and computes the others again.

    layers, x, dout, every -> dx, dparams

    layers is a list of pairs (forward, backward): y = forward(x), and dx, dparams = backward(dout, x) with x the layer's
    input. The network is one layer after the other, and dout is the gradient of the loss in what the last one returns. Return
    dx, the gradient in x, and the list of what the layers gave as dparams, as they gave it, the first layer's first.

    On the way forward only the input of every `every`-th layer is kept: of layers 0, every, 2·every, …. On the way back
    each segment of that many layers is run once more from its kept input. So each layer runs forward at most twice and backward
    once; and of the arrays that the forwards returned, at most ⌈n/every⌉ + every + 2 are alive at any time, n being the number
    of layers. every is at least 1, need not divide n and may exceed it.
    """
    kept = []
    for i, (forward, _) in enumerate(layers):
        if i % every == 0:
            kept.append(x)
        x = forward(x)
    dparams = []
    for start in reversed(range(0, len(layers), every)):
        segment = layers[start : start + every]
        inputs = [kept.pop()]
        for forward, _ in segment[:-1]:
            inputs.append(forward(inputs[-1]))
        for _, backward in reversed(segment):
            dout, of_layer = backward(dout, inputs.pop())
            dparams.append(of_layer)
    return dout, dparams[::-1]


def kv_cache_bytes(layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2):
    """How many bytes the keys and values of all tokens take.

    layers, dim, heads, kv_heads, tokens, batch, bytes_per_value -> size

    Each layer keeps a key and a value for each of its kv_heads heads and each token of each of `batch` texts. A head has
    dim // heads numbers, for keys as for queries; dim is a multiple of heads. size is an exact int.
    """
    return 2 * layers * batch * tokens * kv_heads * (dim // heads) * bytes_per_value
